package dev.lora4j.bench;

import dev.lora4j.io.ScratchDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A comparison of generation from a quantised GGUF file with llama.cpp. */
@Command(
    name = "quantized",
    aliases = "quantised",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description =
        "Compares decoding, prompts and memory with llama.cpp on the same GGUF file, and with the"
            + " rate at which this machine reads memory.",
    footer = {
      "",
      "Example, after npm install --prefix peers node-llama-cpp:",
      "  tools/random_gguf.py --tokenizer SmolLM2.gguf tinyllama-q4_0.gguf",
      "  bench/run quantised --model tinyllama-q4_0.gguf --node-modules peers"
    })
final class QuantizedBench implements Callable<Integer> {
  private static final String OWN = "quantized-own";
  private static final Path PEER = Path.of("bench", "peers", "generate_llama_cpp.mjs");

  @Option(names = "--model", description = "GGUF file.", required = true)
  private Path model = Path.of("");

  @Option(
      names = "--node-modules",
      description = "Directory in which node-llama-cpp is installed.",
      required = true)
  private Path modules = Path.of("");

  @Option(
      names = "--training-model",
      description =
          "Small model that is not quantised, to train on in each store; no training without it.")
  private Optional<Path> trainingModel = Optional.empty();

  @Option(
      names = "--python",
      description = "Python interpreter with PEFT and bitsandbytes; no comparison without it.")
  private Optional<String> python = Optional.empty();

  @Option(names = "--rounds", description = "Number of paired runs; medians count.")
  private int rounds = 3;

  @Option(names = "--prompt-tokens", description = "Prompt length in tokens.")
  private int prompt = 512;

  @Option(names = "--new-tokens", description = "Number of tokens to generate.")
  private int tokens = 64;

  @Option(names = "--threads", description = "Threads of either side.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Override
  public Integer call() throws IOException, InterruptedException {
    Pairs pairs = Pairs.run(rounds, ours(), peer());
    System.out.printf("Medians of %d rounds.%n%n", rounds);
    System.out.println("| | lora4j | llama.cpp | ratio | range |");
    System.out.println("| --- | --- | --- | --- | --- |");
    pairs.row("decoding, tokens/s", "/tokens_per_s", "/tokens_per_s");
    pairs.row("prompt, tokens/s", "/prompt_tokens_per_s", "/prompt_tokens_per_s");
    pairs.row("decoding, CPU seconds per token", "/cpu_s_per_token", "/cpu_s_per_token");
    pairs.row("peak memory in MB", "/peak_rss_mb", "/peak_rss_mb");
    pairs.row("loading, s", "/load_s", "/load_s");
    double megabytes = Files.size(model) / 1e6;
    double rate = MemoryRate.gigabytesPerSecond(threads);
    System.out.printf(
        Locale.ROOT,
        "%nThe file has %.0f MB, and %d threads of this machine read memory at %.1f GB/s, which"
            + " bounds decoding to %.1f tokens/s. Peak memory is %.2f times the file.%n",
        megabytes,
        threads,
        rate,
        rate * 1e3 / megabytes,
        pairs.ours("/peak_rss_mb") * (1 << 20) / 1e6 / megabytes);
    train();
    return 0;
  }

  private void train() throws IOException, InterruptedException {
    QuantizedTraining training = new QuantizedTraining(python.orElse("python3"), rounds);
    if (trainingModel.isPresent()) {
      System.out.println();
      training.compareStores(trainingModel.get());
      System.out.println();
      training.trainLarge(model, prompt);
    }
    if (python.isPresent()) {
      Path temporary = Path.of(System.getProperty("java.io.tmpdir"), "lora-bench");
      try (ScratchDirectory scratch = ScratchDirectory.beside(temporary)) {
        System.out.println();
        training.compareWithPeft(scratch.path());
      }
    }
  }

  private List<String> ours() {
    List<String> options = new ArrayList<>(OwnProcess.SMALL_HEAP);
    options.addAll(List.of("--add-modules", "jdk.incubator.vector"));
    List<String> command = OwnProcess.command(OWN, options);
    command.addAll(lengths());
    return command;
  }

  private List<String> peer() {
    List<String> command = new ArrayList<>(List.of("node", PEER.toString()));
    command.addAll(List.of("--modules", modules.toString()));
    command.addAll(lengths());
    return command;
  }

  private List<String> lengths() {
    return List.of(
        "--model",
        model.toString(),
        "--threads",
        "" + threads,
        "--prompt-tokens",
        "" + prompt,
        "--new-tokens",
        "" + tokens);
  }
}
