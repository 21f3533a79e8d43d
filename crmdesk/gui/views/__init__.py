"""The places, one package each: ``widget.py``, ``presenter.py``, ``model.py``.

``crmdesk.gui.views.<key>.widget`` offers ``build(context: PlaceContext)``, which returns a QWidget
with ``presenter`` and ``show_target(args)`` (see :mod:`crmdesk.gui.presenting`). Their keys and
order are in :mod:`crmdesk.gui.places`. Views never import each other, but meet through ``desk.go``.
"""
