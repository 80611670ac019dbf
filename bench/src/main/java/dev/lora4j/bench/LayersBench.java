package dev.lora4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A comparison of adapted layers and adapter operations with PEFT, in alternating runs. */
@Command(
    name = "layers",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description =
        "Compares training steps, mixed-adapter batches, merging and switching on a 1024×1024 MLP, r = 8, with PEFT.",
    footer = {"", "Example:", "  bench/run layers --python .venv/bin/python --rounds 3"})
final class LayersBench implements Callable<Integer> {
  @Option(names = "--python", description = "Python interpreter with PEFT.", required = true)
  private String python = "";

  @Option(names = "--peer", description = "Path of the PEFT script.")
  private Path peer = Path.of("bench", "peers", "layers_peft.py");

  @Option(names = "--rounds", description = "Number of paired runs; the best of each side counts.")
  private int rounds = 3;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Pairs pairs =
        Pairs.run(
            rounds, OwnProcess.command("layers-own", List.of()), List.of(python, peer.toString()));
    printAgainstPeer(pairs);
    printAgainstOurselves(pairs);
    printLimit(pairs);
    return 0;
  }

  private void printAgainstPeer(Pairs pairs) {
    System.out.println("| best of " + rounds + " | lora4j, ms | PEFT, ms | speed-up |");
    System.out.println("| --- | --- | --- | --- |");
    for (int rows : new int[] {1, 16, 256}) {
      row(pairs, "LoRA, training step on " + rows + " rows", "/lora_" + rows, "/lora_" + rows);
      row(pairs, "DoRA, training step on " + rows + " rows", "/dora_" + rows, "/dora_" + rows);
    }
    for (int rows : new int[] {8, 64}) {
      row(pairs, rows + " rows, one adapter", "/single_" + rows, "/single_" + rows);
      row(pairs, rows + " rows, 8 adapters", "/mixed_" + rows, "/mixed_" + rows);
    }
    row(pairs, "merge 100 layers, unmerge exactly / by subtraction", "/merge", "/merge");
    row(pairs, "merge 100 layers, both by subtraction", "/merge_by_subtraction", "/merge");
    row(pairs, "merge and unload 100 layers", "/merge_and_unload", "/merge_and_unload");
    row(pairs, "switch adapters", "/switch", "/switch");
  }

  private void row(Pairs pairs, String name, String own, String others) {
    double mine = pairs.leastOfOurs(own);
    double theirs = pairs.leastOfPeers(others);
    System.out.printf(
        Locale.ROOT,
        "| %s | %.3f | %.3f | %.2f |%n",
        name,
        mine * 1e3,
        theirs * 1e3,
        theirs / mine);
  }

  private void printAgainstOurselves(Pairs pairs) {
    System.out.println();
    System.out.println("| ratio | lora4j | PEFT |");
    System.out.println("| --- | --- | --- |");
    for (int rows : new int[] {1, 16, 256}) {
      ratio(pairs, "DoRA : LoRA, " + rows + " rows", "/dora_" + rows, "/lora_" + rows);
    }
    for (int rows : new int[] {8, 64}) {
      ratio(pairs, "8 adapters : one, " + rows + " rows", "/mixed_" + rows, "/single_" + rows);
    }
    double dora = pairs.leastOfOurs("/mixed_8_dora") / pairs.leastOfOurs("/single_8_dora");
    System.out.printf(Locale.ROOT, "| 8 DoRA adapters : one, 8 rows | %.2f | refused |%n", dora);
    System.out.printf(
        Locale.ROOT,
        "%n1,000 switches with one forward each: memory grew by at most %.1f MB.%n",
        pairs.mostOfOurs("/switching_grew_mb"));
  }

  private void ratio(Pairs pairs, String name, String above, String below) {
    System.out.printf(
        Locale.ROOT,
        "| %s | %.2f | %.2f |%n",
        name,
        pairs.leastOfOurs(above) / pairs.leastOfOurs(below),
        pairs.leastOfPeers(above) / pairs.leastOfPeers(below));
  }

  private void printLimit(Pairs pairs) {
    double rate = GemmRate.gflops();
    double flop = 2 * 2 * 2 * 256.0 * 1024 * 1024; // two layers, forward and backward to the input
    System.out.printf(
        Locale.ROOT,
        "%nOne core multiplies 512×512 matrices at %.0f GFLOPS; the step on 256 rows does the"
            + " base's products at %.0f on %d cores.%n",
        rate,
        flop / pairs.leastOfOurs("/lora_256") / 1e9,
        Runtime.getRuntime().availableProcessors());
  }
}
