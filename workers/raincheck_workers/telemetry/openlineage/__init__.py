"""Attempts of steps as events of OpenLineage, by its official client."""
