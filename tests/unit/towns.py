"""Towns of a few streets."""

from __future__ import annotations

TOWN = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">
 <node id="1" lat="42.5000" lon="1.5000" version="1"/>
 <node id="2" lat="42.5000" lon="1.5100" version="1"/>
 <node id="3" lat="42.5100" lon="1.5100" version="1"/>
 <node id="4" lat="42.5100" lon="1.5000" version="1"/>
 <node id="5" lat="42.5050" lon="1.5050" version="1"><tag k="place" v="town"/>
  <tag k="name" v="Vila"/><tag k="population" v="²³"/></node>
 <way id="1" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/>
  <tag k="maxspeed" v="50"/><tag k="name" v="Carrer Major"/></way>
 <way id="2" version="1"><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/></way>
 <way id="3" version="1"><nd ref="3"/><nd ref="4"/><tag k="highway" v="residential"/></way>
 <way id="4" version="1"><nd ref="4"/><nd ref="1"/><tag k="highway" v="residential"/>
  <tag k="motor_vehicle" v="no"/></way>
</osm>
"""
