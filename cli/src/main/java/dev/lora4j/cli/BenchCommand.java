package dev.lora4j.cli;

import picocli.CommandLine.Command;

/** Measurements of this machine's speed on models of a given shape, with random weights. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    subcommands = {BenchTrainCommand.class, BenchGenerateCommand.class},
    synopsisSubcommandLabel = "WHAT",
    description = {
      "Measures how fast this machine trains a model of a given shape and writes with it. It needs no files.",
      ""
    },
    footer = {"", "Example:", "  lora bench train --layers 30 --hidden 576 --vocab 49152"})
final class BenchCommand {}
