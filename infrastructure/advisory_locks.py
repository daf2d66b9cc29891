"""The advisory locks of a database, each for one kind of work that only one process does at a time."""

import enum


@enum.unique
class AdvisoryLock(enum.IntEnum):
    """Keys of locks, in one place so that no two kinds of work ever share one. Stored nowhere; never change one."""

    MIGRATION = 7_402_511_843
    WORKER = 7_402_511_844
    REBUILD = 7_402_511_845
    SEALER = 7_402_511_846
    REPLAYER = 7_402_511_847
    PRUNER = 7_402_511_848
    RECOUNTER = 7_402_511_849
