pragma solidity 0.8.37;

import {IJobManager} from "./IJobManager.sol";
import {IProgramRegistry} from "./IProgramRegistry.sol";
import {IResultProposers} from "./IResultProposers.sol";

// Where genesis puts the predeploys.
IProgramRegistry constant PROGRAM_REGISTRY = IProgramRegistry(0x1f00000000000000000000000000000000000001);
IJobManager constant JOB_MANAGER = IJobManager(0x1f00000000000000000000000000000000000002);
IResultProposers constant RESULT_PROPOSERS = IResultProposers(0x1f00000000000000000000000000000000000003);
