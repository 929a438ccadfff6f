"""The OpenStack plugin. It knows the core, not the marketplace. Rooms: cloud (gateways), models, workflows, api."""
