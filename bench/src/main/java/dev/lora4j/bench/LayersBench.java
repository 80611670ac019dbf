package dev.lora4j.bench;

import dev.lora4j.bench.PeerProcess.Run;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Adapted layers and what is done with adapters, against PEFT, run in turn. */
@Command(
    name = "layers",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description = "Steps, mixed batches, merges and switches of a 1024×1024 MLP, r = 8.",
    footer = {"", "Example:", "  bench/run layers --python .venv/bin/python --rounds 3"})
final class LayersBench implements Callable<Integer> {
  @Option(names = "--python", description = "A Python with PEFT.", required = true)
  private String python = "";

  @Option(names = "--peer", description = "The PEFT script.")
  private Path peer = Path.of("bench", "peers", "layers_peft.py");

  @Option(names = "--rounds", description = "Pairs of runs; the best of each counts.")
  private int rounds = 3;

  private final List<Run> ours = new ArrayList<>();
  private final List<Run> peers = new ArrayList<>();

  @Override
  public Integer call() throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      System.err.printf("round %d of %d%n", round + 1, rounds);
      ours.add(PeerProcess.run(ourCommand()));
      peers.add(PeerProcess.run(List.of(python, peer.toString())));
    }
    printAgainstPeer();
    printAgainstOurselves();
    printLimit();
    return 0;
  }

  private static List<String> ourCommand() {
    return List.of(
        ProcessHandle.current().info().command().orElse("java"),
        "-XX:+UseSerialGC",
        "-Dorg.bytedeco.javacpp.nopointergc=true",
        "-cp",
        System.getProperty("java.class.path"),
        Main.class.getName(),
        "layers-own");
  }

  private void printAgainstPeer() {
    System.out.println("| best of " + rounds + " | lora4j, ms | PEFT, ms | times as fast |");
    System.out.println("| --- | --- | --- | --- |");
    for (int rows : new int[] {1, 16, 256}) {
      row("LoRA, a step on " + rows + " rows", "/lora_" + rows, "/lora_" + rows);
      row("DoRA, a step on " + rows + " rows", "/dora_" + rows, "/dora_" + rows);
    }
    for (int rows : new int[] {8, 64}) {
      row(rows + " rows, one adapter", "/single_" + rows, "/single_" + rows);
      row(rows + " rows, 8 adapters", "/mixed_" + rows, "/mixed_" + rows);
    }
    row("merge 100 layers, undo exact / by subtraction", "/merge", "/merge");
    row("merge 100 layers, both by subtraction", "/merge_by_subtraction", "/merge");
    row("merge and unload 100 layers", "/merge_and_unload", "/merge_and_unload");
    row("switch adapters", "/switch", "/switch");
  }

  private void row(String name, String own, String others) {
    double mine = best(ours, own);
    double theirs = best(peers, others);
    System.out.printf(
        Locale.ROOT,
        "| %s | %.3f | %.3f | %.2f |%n",
        name,
        mine * 1e3,
        theirs * 1e3,
        theirs / mine);
  }

  private void printAgainstOurselves() {
    System.out.println();
    System.out.println("| ratio | lora4j | PEFT |");
    System.out.println("| --- | --- | --- |");
    for (int rows : new int[] {1, 16, 256}) {
      ratio("DoRA : LoRA, " + rows + " rows", "/dora_" + rows, "/lora_" + rows);
    }
    for (int rows : new int[] {8, 64}) {
      ratio("8 adapters : one, " + rows + " rows", "/mixed_" + rows, "/single_" + rows);
    }
    double dora = best(ours, "/mixed_8_dora") / best(ours, "/single_8_dora");
    System.out.printf(Locale.ROOT, "| 8 DoRA adapters : one, 8 rows | %.2f | refused |%n", dora);
    System.out.printf(
        Locale.ROOT,
        "%n1,000 switches with a forward each: memory grew by %.1f MB at most.%n",
        ours.stream().mapToDouble(run -> run.number("/switching_grew_mb")).max().orElseThrow());
  }

  private void ratio(String name, String above, String below) {
    System.out.printf(
        Locale.ROOT,
        "| %s | %.2f | %.2f |%n",
        name,
        best(ours, above) / best(ours, below),
        best(peers, above) / best(peers, below));
  }

  private void printLimit() {
    double rate = GemmRate.gflops();
    double flop = 2 * 2 * 2 * 256.0 * 1024 * 1024; // two layers, forward and backward to the input
    System.out.printf(
        Locale.ROOT,
        "%nOne core multiplies 512×512 matrices at %.0f GFLOPS; the step on 256 rows does the"
            + " base's products at %.0f on %d cores.%n",
        rate,
        flop / best(ours, "/lora_256") / 1e9,
        Runtime.getRuntime().availableProcessors());
  }

  private static double best(List<Run> runs, String pointer) {
    return runs.stream().mapToDouble(run -> run.number(pointer)).min().orElseThrow();
  }
}
