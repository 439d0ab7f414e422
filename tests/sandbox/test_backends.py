"""The backends that need no engine, held to the contract; their limits also where no control groups can be made."""

from __future__ import annotations

import pytest

from ai_scientist.sandbox.bubblewrap import BubblewrapSandbox
from ai_scientist.sandbox.cgroups import Cgroups
from ai_scientist.sandbox.contract import Sandbox
from ai_scientist.sandbox.process import ProcessSandbox
from tests.sandbox.conformance import LimitsConformance, SandboxConformance


@pytest.mark.bubblewrap
class TestBubblewrap(SandboxConformance):
    @pytest.fixture(scope="class")
    def sandbox(self) -> Sandbox:
        return BubblewrapSandbox()


@pytest.mark.bubblewrap
class TestBubblewrapWithoutGroups(LimitsConformance):
    @pytest.fixture(scope="class")
    def sandbox(self) -> Sandbox:
        return BubblewrapSandbox(cgroups=Cgroups.none())


class TestProcess(SandboxConformance):
    @pytest.fixture(scope="class")
    def sandbox(self) -> Sandbox:
        return ProcessSandbox()


class TestProcessWithoutGroups(LimitsConformance):
    @pytest.fixture(scope="class")
    def sandbox(self) -> Sandbox:
        return ProcessSandbox(cgroups=Cgroups.none())
