"""The places, one package each: ``widget.py``, ``presenter.py``, ``model.py``.

``crmdesk.gui.views.<key>.widget`` offers ``build(context: PlaceContext)``, which returns a QWidget
with ``presenter`` and ``show_target(args)`` (see :mod:`crmdesk.gui.presenting`). The keys and their
order are in :mod:`crmdesk.gui.places`. Views never import each other; they meet through ``desk.go``.
"""
