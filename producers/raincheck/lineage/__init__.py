"""Reading the lineage of a version."""
