package dev.lora4j.bench;

import dev.lora4j.bench.PeerProcess.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A comparison of the demo with the same training in plain PyTorch, in alternating runs. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description = "Compares ./lora demo with an equivalent PyTorch script.",
    footer = {"", "Example:", "  bench/run demo --seeds 3"})
final class DemoBench implements Callable<Integer> {
  /** Multiply-adds of an image's forward and backward, without the gradient of the image. */
  private static final double FLOP_PER_IMAGE = 2.0 * (3 * 651_720 - 352_800);

  private static final int BATCH = 4;

  @Option(names = "--lora", description = "Path of the launcher.")
  private Path lora = Path.of("lora");

  @Option(
      names = "--python",
      description = "Python interpreter with PyTorch and Pillow.",
      required = true)
  private String python = "";

  @Option(names = "--peer", description = "Path of the PyTorch script.", required = true)
  private Path peer = Path.of("");

  @Option(names = "--data", description = "Zip archive of images.", required = true)
  private Path data = Path.of("");

  @Option(names = "--seeds", description = "Number of paired runs, with seeds from 0.")
  private int seeds = 3;

  /** A table row with our figure and the peer's; it does not matter here which is better. */
  private record Figure(
      String name, String format, ToDoubleFunction<Run> ours, ToDoubleFunction<Run> peers) {}

  private static final List<Figure> FIGURES =
      List.of(
          new Figure("total wall-clock time, s", "%.1f", Run::seconds, Run::seconds),
          figure("loading, s", "%.1f", "/seconds/load", "/load_s"),
          figure("base training, steps/s", "%.0f", "/steps_per_s/base", "/base/steps_per_s"),
          figure("LoRA, steps/s", "%.0f", "/steps_per_s/lora", "/lora/steps_per_s"),
          figure("peak memory, MB", "%.0f", "/peak_rss_mb", "/peak_rss_mb"),
          figure("base accuracy", "%.3f", "/before/all", "/before/all"),
          figure("accuracy after LoRA", "%.3f", "/after/all", "/after/all"),
          tuned("bird, cat, dog before", "/before"),
          tuned("bird, cat, dog after", "/after"));

  private static Figure figure(String name, String format, String ours, String peers) {
    return new Figure(name, format, run -> run.number(ours), run -> run.number(peers));
  }

  private static Figure tuned(String name, String when) {
    return new Figure(
        name, "%.3f", run -> mean(run, when + "/classes/"), run -> mean(run, when + "/"));
  }

  private static double mean(Run run, String prefix) {
    return (run.number(prefix + "bird") + run.number(prefix + "cat") + run.number(prefix + "dog"))
        / 3;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    List<Run> ours = new ArrayList<>();
    List<Run> peers = new ArrayList<>();
    Path out = Files.createTempDirectory("lora4j-bench");
    for (int seed = 0; seed < seeds; seed++) {
      System.err.printf("pair %d of %d%n", seed + 1, seeds);
      ours.add(PeerProcess.run(ourCommand(out, seed)));
      peers.add(PeerProcess.run(List.of(python, peer.toString(), "--seed", "" + seed)));
    }
    printTable(ours, peers);
    printLimit(ours);
    return 0;
  }

  private List<String> ourCommand(Path out, int seed) {
    return List.of(
        lora.toAbsolutePath().toString(),
        "demo",
        "--json",
        "--data",
        data.toString(),
        "--seed",
        "" + seed,
        "--out",
        out.toString());
  }

  private static void printTable(List<Run> ours, List<Run> peers) {
    System.out.println("| mean of " + ours.size() + " runs | lora4j | PyTorch | ratio |");
    System.out.println("| --- | --- | --- | --- |");
    for (Figure figure : FIGURES) {
      double mine = ours.stream().mapToDouble(figure.ours()).average().orElseThrow();
      double theirs = peers.stream().mapToDouble(figure.peers()).average().orElseThrow();
      String row = "| %s | " + figure.format() + " | " + figure.format() + " | %.2f |%n";
      System.out.printf(Locale.ROOT, row, figure.name(), mine, theirs, mine / theirs);
    }
  }

  private static void printLimit(List<Run> ours) {
    double rate = GemmRate.gflops();
    double steps =
        ours.stream().mapToDouble(r -> r.number("/steps_per_s/base")).average().orElseThrow();
    double used = steps * BATCH * FLOP_PER_IMAGE / 1e9;
    System.out.printf(
        Locale.ROOT,
        "%nOne core multiplies 512×512 matrices at %.0f GFLOPS; base training does %.1f GFLOPS of"
            + " arithmetic: at this size call overhead and small kernels are the limit, not the"
            + " products.%n",
        rate,
        used);
  }
}
