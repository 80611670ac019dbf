package dev.lora4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A comparison of training and generation with PEFT, on the shape of SmolLM2-135M. */
@Command(
    name = "model",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description =
        "Compares training steps of 4 × 256 tokens, and generation of 64 tokens after a prompt of"
            + " 512, with PEFT.",
    footer = {"", "Example:", "  bench/run model --python .venv/bin/python --rounds 3"})
final class ModelBench implements Callable<Integer> {
  private static final Path PEERS = Path.of("bench", "peers");

  @Option(names = "--python", description = "Python interpreter with PEFT.", required = true)
  private String python = "";

  @Option(names = "--rounds", description = "Number of paired runs; medians count.")
  private int rounds = 3;

  @Option(names = "--steps", description = "Training steps per run; the first does not count.")
  private int steps = 5;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Pairs train =
        Pairs.run(
            rounds,
            ours("train", "--steps", Integer.toString(steps)),
            peer("train_peft.py", "--steps", Integer.toString(steps)));
    Pairs write = Pairs.run(rounds, ours("generate"), peer("generate_transformers.py"));
    System.out.printf("Medians of %d rounds.%n%n", rounds);
    System.out.println("| | lora4j | peer | ratio | range |");
    System.out.println("| --- | --- | --- | --- | --- |");
    train.row("training, tokens/s", "/tokens_per_s", "/tokens_per_s");
    train.row("training, peak memory in MB", "/peak_rss_mb", "/peak_rss_mb");
    write.row("time to first token after 512, s", "/base/prefill_s", "/prefill_s");
    write.row("the same with a merged adapter, s", "/merged/prefill_s", "/prefill_s");
    write.row("decoding, tokens/s", "/base/tokens_per_s", "/tokens_per_s");
    write.row("decoding with an adapter, tokens/s", "/adapter/tokens_per_s", "/tokens_per_s");
    write.row("decoding with a merged adapter, tokens/s", "/merged/tokens_per_s", "/tokens_per_s");
    printLimit(train);
    return 0;
  }

  private static List<String> ours(String... arguments) {
    List<String> command = new ArrayList<>(List.of("./lora", "bench"));
    command.addAll(List.of(arguments));
    command.add("--json");
    return command;
  }

  private List<String> peer(String script, String... arguments) {
    List<String> command = new ArrayList<>(List.of(python, PEERS.resolve(script).toString()));
    command.addAll(List.of(arguments));
    return command;
  }

  private static void printLimit(Pairs train) {
    int cores = Runtime.getRuntime().availableProcessors();
    double gflops = GemmRate.gflops();
    double limit = cores * gflops * 1e9 / train.ours("/flop_per_token");
    System.out.printf(
        Locale.ROOT,
        "%nThis machine multiplies matrices at %.0f GFLOPS per core, which bounds training on %d"
            + " cores to %.0f tokens/s: training reaches %.0f %% of that.%n",
        gflops,
        cores,
        limit,
        100 * train.ours("/tokens_per_s") / limit);
  }
}
