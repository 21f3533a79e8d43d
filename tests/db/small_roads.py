"""A road network of a few streets."""

from __future__ import annotations

from crmdesk.interchange.mappack import FORMAT, ROAD_CLASSES, Edge, MapPack, encode_line


def square_town(title: str, speed: int) -> MapPack:
    corners = [(10.0, 50.0), (10.1, 50.0), (10.1, 50.1), (10.0, 50.1)]
    street = ROAD_CLASSES.index("street")
    edges = [
        Edge(n, (n + 1) % 4, street, speed, 0, 0, encode_line([corners[n], corners[(n + 1) % 4]]))
        for n in range(4)
    ]
    bounds = (9.9, 49.9, 10.2, 50.2)
    return MapPack(FORMAT, title, "nobody", "none", bounds, [], [], [""], edges)
