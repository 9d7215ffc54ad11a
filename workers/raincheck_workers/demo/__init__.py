"""The demo: pipelines that ship with the package, and the scenario that shows them."""
