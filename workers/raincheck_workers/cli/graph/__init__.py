"""Pictures of a run: Mermaid, a stand-alone SVG, a stand-alone HTML page.

Pure functions of a run and its compiled pipeline: `model.py` says what is drawn, `layout/`
where, `mermaid.py`, `svg.py` and `page.py` how. Nothing here reads the index.
"""
