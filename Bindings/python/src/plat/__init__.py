"""Plat, the partition-placement engine: which node holds which partition, and the fewest moves from map to map.

    >>> import plat
    >>> cluster = plat.Cluster.from_arrays(6, 12, counts=(1, 2), containers=[0, 0, 1, 1, 2, 2], rules=[plat.Rule(at_most=1)])
    >>> plan = cluster.plan()
    >>> plan.rows.shape
    (12, 3)

With NumPy rows are arrays that look into the library's memory; without it they are memoryviews.
"""

from . import _native
from ._calls import ask as _ask
from ._calls import option_table
from ._numbers import numpy as _numpy
from .cluster import ACTIVE, DEAD, FAILED, LEAVING, MAINTENANCE, MASTER, PENDING, SLAVE, Cluster, PlaceRule, Router, Rule
from .control import Control
from .documents import Batch, apply_document, batch, check_document, compare_documents, explain_document, export_document, generate, import_document, plan_document, route_document, verify_document, whatif_document
from .errors import Cancelled, FaultyPlan, FileFailed, InvalidArgument, InvalidInput, LostDisk, NotFound, OutOfMemory, PlatError, Unmet, Unsupported
from .execution import Action, Agent, Damaged, Holding, Mode, Orchestrator, Standing, Timing, Unreached
from .plan import Move, Plan, Simulation, Step, Steps
from .report import Finding, Load, Report

NONE = _native.NONE
has_numpy = _numpy is not None
__version__: str = _ask("version").decode()

__all__ = [
    "ACTIVE", "DEAD", "FAILED", "LEAVING", "MAINTENANCE", "MASTER", "NONE", "PENDING", "SLAVE", "Action", "Agent", "Batch", "Cancelled",
    "Cluster", "Control", "Damaged", "FaultyPlan", "FileFailed", "Finding", "Holding", "InvalidArgument", "InvalidInput", "Load", "LostDisk", "Mode", "Move",
    "NotFound", "Orchestrator",
    "OutOfMemory", "PlaceRule", "Plan", "PlatError", "Report", "Router", "Rule", "Simulation", "Standing", "Step", "Steps", "Timing", "Unmet", "Unreached",
    "Unsupported", "apply_document", "batch", "check_document", "compare_documents", "explain_document", "export_document", "generate", "has_numpy",
    "import_document", "option_table", "plan_document", "route_document", "verify_document", "whatif_document",
]
