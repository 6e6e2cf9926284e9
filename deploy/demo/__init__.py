"""One day of the community, played through the public HTTP API alone."""
