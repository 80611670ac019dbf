package dev.lora4j.bench;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The root command of the benchmarks. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    subcommands = {
      DemoBench.class,
      EncoderBench.class,
      EncoderTenantsRun.class,
      LayersBench.class,
      LayersRun.class,
      LogitsBench.class,
      QuantizedTrainingRun.class,
      ScriptBench.class,
      ModelBench.class,
      ServeBench.class,
      TenantsBench.class,
      QuantizedBench.class,
      QuantizedRun.class,
      TuneBench.class
    },
    synopsisSubcommandLabel = "BENCHMARK",
    description = "Compares lora4j with its Python peers.")
final class BenchMain {
  private BenchMain() {}

  public static void main(String[] arguments) {
    System.exit(
        new CommandLine(new BenchMain())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .execute(arguments));
  }
}
