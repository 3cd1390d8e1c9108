"""Closing days: public holidays and a commune’s own, by zone, department or site."""
