/* infinity evm: one call, and the official tests. */
#include "cmd/command.h"

int cmd_evm(int argc, char **argv) {
    static const struct command commands[] = {
        {"run", "call code and print what it returns, trace it or measure it", cmd_evm_run},
        {"statetest", "run state tests (GeneralStateTests, execution-spec-tests)", cmd_statetest},
        {"blocktest", "run blockchain tests: import and build blocks", cmd_blocktest},
        {"enginetest", "run engine tests: payloads of engine_newPayload", cmd_enginetest},
        {"stateless", "run blocks of blockchain tests in the machine, on witnesses", cmd_stateless},
        {"import", "run a chain's blocks from files (RLP, era1)", cmd_import},
        {"t8n", "apply transactions to a state, for test generators", cmd_t8n},
        {"b11r", "put a block together from its parts, for test generators", cmd_b11r},
        {"txtest", "run transaction tests: decode, judge and find the sender", cmd_txtest},
        {"vmtest", "run the oldest tests: one call frame by Frontier's rules", cmd_vmtest},
        {"difficulty", "run difficulty tests: what proof of work a block owes", cmd_difficulty},
        {"tracetest", "run tracer tests: what a tracer says of a transaction", cmd_tracetest},
    };
    return command_dispatch(
        "infinity evm", commands, (int)(sizeof commands / sizeof commands[0]), argc, argv
    );
}
