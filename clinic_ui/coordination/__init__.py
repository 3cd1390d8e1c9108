"""Where the coordinator stands: does it work for the village today?"""
