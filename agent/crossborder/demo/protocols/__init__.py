"""Bytes of protocols, without time or place: what one end says."""
