"""The communities that a fresh registry can begin with, one JSON file each."""
