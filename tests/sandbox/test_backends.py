"""The backends that need no engine, held to the contract; their limits also where no control groups can be made."""

from __future__ import annotations

from functools import cache

import pytest

from ai_scientist.sandbox.bubblewrap import BubblewrapSandbox
from ai_scientist.sandbox.cgroups import Cgroups
from ai_scientist.sandbox.contract import Sandbox
from ai_scientist.sandbox.process import ProcessSandbox
from tests.sandbox.conformance import LimitsConformance, SandboxConformance


@cache
def _bubblewrap() -> Sandbox:
    return BubblewrapSandbox()


@cache
def _bubblewrap_without_groups() -> Sandbox:
    return BubblewrapSandbox(cgroups=Cgroups.none())


@cache
def _process() -> Sandbox:
    return ProcessSandbox()


@cache
def _process_without_groups() -> Sandbox:
    return ProcessSandbox(cgroups=Cgroups.none())


@pytest.mark.bubblewrap
class TestBubblewrap(SandboxConformance):
    @pytest.fixture
    def sandbox(self) -> Sandbox:
        return _bubblewrap()


@pytest.mark.bubblewrap
@pytest.mark.slow
class TestBubblewrapWithoutGroups(LimitsConformance):
    @pytest.fixture
    def sandbox(self) -> Sandbox:
        return _bubblewrap_without_groups()


class TestProcess(SandboxConformance):
    @pytest.fixture
    def sandbox(self) -> Sandbox:
        return _process()


@pytest.mark.slow
class TestProcessWithoutGroups(LimitsConformance):
    @pytest.fixture
    def sandbox(self) -> Sandbox:
        return _process_without_groups()
