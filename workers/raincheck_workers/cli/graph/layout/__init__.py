"""Where boxes and arrows lie: columns, their order, heights.

The layered drawing of Sugiyama: `columns.py` gives each box the column after the last of
those it needs, `order.py` sorts each column so that few arrows cross, `heights.py` moves boxes
towards their neighbours, `layout.py` gives coordinates. All think from left to right; what is
long and thin is turned at the end.
"""
