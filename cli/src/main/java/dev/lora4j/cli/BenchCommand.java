package dev.lora4j.cli;

import picocli.CommandLine.Command;

/** Speed measurements on a model of a given shape with random weights. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    subcommands = {BenchTrainCommand.class, BenchGenerateCommand.class},
    synopsisSubcommandLabel = "BENCHMARK",
    header = {"Measure the speed of training and generation on this machine.", ""},
    description = {
      "",
      "Runs a model of a given shape with random weights. No files are needed.",
      ""
    },
    footer = {
      "",
      "Example:",
      "  lora bench train --layers 30 --hidden-size 576 --vocab-size 49152"
    })
final class BenchCommand {}
