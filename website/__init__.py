"""Makes the documentation a site: one page for each document of the repository, built by Zensical."""
