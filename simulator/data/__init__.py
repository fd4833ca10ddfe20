"""The people of the simulation, who they work for and which rights they hold: the seed, and the file of an environment."""
