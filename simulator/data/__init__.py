"""Who exists in the simulation: people, organisations, work relations and rights."""
