"""A simulated ACM ("Authenticatie Vlaanderen"): the OpenID provider of one environment."""
