"""Today: the rep's route beside the map, and the brief of the stop that comes next."""
