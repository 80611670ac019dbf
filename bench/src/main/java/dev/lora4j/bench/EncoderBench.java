package dev.lora4j.bench;

import dev.lora4j.io.ScratchDirectory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A comparison of an encoder's training, embedding and mixed batches with its peers. */
@Command(
    name = "encoder",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description =
        "Compares the training of a classifier with transformers' Trainer and PEFT, embeddings with"
            + " sentence-transformers and ONNX Runtime, and a batch of many adapters with one of a"
            + " single adapter.",
    footer = {
      "",
      "Example:",
      "  bench/run encoder --python .venv/bin/python --model all-MiniLM-L6-v2 --data train.csv"
          + " --test test.csv"
    })
final class EncoderBench implements Callable<Integer> {
  @Option(
      names = "--python",
      description = "Python interpreter with PEFT and sentence-transformers.",
      required = true)
  private String python = "";

  @Option(names = "--model", description = "Directory of the encoder.", required = true)
  private Path model = Path.of("");

  @Option(
      names = "--data",
      description = "CSV file with text and label, such as of tools/debian_sections.py.",
      required = true)
  private Path data = Path.of("");

  @Option(names = "--test", description = "The same for the evaluation.", required = true)
  private Path test = Path.of("");

  @Option(names = "--rounds", description = "Number of paired runs; medians count.")
  private int rounds = 3;

  @Option(names = "--epochs", description = "Epochs of training per run.")
  private int epochs = 3;

  @Option(names = "--batch", description = "Batch size.")
  private int batch = 16;

  @Option(names = "--texts", description = "Number of texts to embed.")
  private int texts = 10_000;

  @Option(
      names = "--onnx-jars",
      description =
          "Directory of LangChain4j's all-MiniLM-L6-v2 with ONNX Runtime, made by 'mvn -f"
              + " bench/peers/onnx/pom.xml dependency:copy-dependencies -DoutputDirectory=DIR';"
              + " without it, that comparison is left out.")
  private @Nullable Path onnxJars;

  @Option(
      names = "--parts",
      split = ",",
      description = "What to measure: ${COMPLETION-CANDIDATES}.")
  private Set<Part> parts = EnumSet.allOf(Part.class);

  private enum Part {
    TRAINING,
    EMBEDDING,
    TENANTS;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"), "lora-bench");
    try (ScratchDirectory scratch = ScratchDirectory.beside(temporary)) {
      if (parts.contains(Part.TRAINING)) {
        printTraining(Pairs.run(rounds, training(scratch.path()), peerOfTraining()));
      }
      if (parts.contains(Part.EMBEDDING)) {
        compareEmbeddings(scratch.path());
      }
    }
    if (parts.contains(Part.TENANTS)) {
      measureTenants();
    }
    return 0;
  }

  private void compareEmbeddings(Path directory) throws IOException, InterruptedException {
    printEmbedding(
        "sentence-transformers", Pairs.run(rounds, embedding(directory), peerOfEmbedding()));
    if (onnxJars != null) {
      printEmbedding(
          "ONNX Runtime", Pairs.run(rounds, embedding(directory), onnx(onnxJars, directory)));
    }
  }

  private void measureTenants() throws IOException, InterruptedException {
    List<String> command = OwnProcess.command("encoder-tenants", OwnProcess.SMALL_HEAP);
    command.addAll(List.of("--model", model.toString()));
    PeerProcess.Run mixed = PeerProcess.run(command);
    System.out.printf(
        Locale.ROOT,
        "%n50 adapters in one batch: %.0f texts/s, one adapter: %.0f, ratio %.2f%n",
        mixed.number("/texts_per_s_mixed"),
        mixed.number("/texts_per_s_alone"),
        mixed.number("/ratio"));
  }

  private void printTraining(Pairs pairs) {
    System.out.printf("Training: medians of %d rounds of %d epochs.%n%n", rounds, epochs);
    System.out.println("| | lora4j | Trainer + PEFT | ratio | range |");
    System.out.println("| --- | --- | --- | --- | --- |");
    pairs.row("examples/s", "/examples_per_s", "/examples_per_s");
    pairs.row("trained parameters", "/trained_parameters", "/trained_parameters");
    pairs.row("validation loss after", "/valid_loss_after", "/valid_loss_after");
    pairs.row("accuracy", "/after/accuracy", "/accuracy");
    pairs.row("peak memory in MB", "/peak_rss_mb", "/peak_rss_mb");
  }

  private void printEmbedding(String peer, Pairs pairs) {
    System.out.printf("%nEmbedding %,d texts: medians of %d rounds.%n%n", texts, rounds);
    System.out.printf("| | lora4j | %s | ratio | range |%n", peer);
    System.out.println("| --- | --- | --- | --- | --- |");
    pairs.row("seconds", "/seconds", "/seconds");
  }

  private List<String> training(Path directory) {
    return List.of(
        "bash",
        "-c",
        ("./lora train --model '%s' --task text-classification --data '%s' --validation-data '%s'"
                + " --epochs %d --batch-size %d --rank 8 --lr 1e-3 --lr-scheduler linear --json"
                + " --out \"$(mktemp -d '%s/run.XXXXXX')/out\"")
            .formatted(model, data, test, epochs, batch, directory));
  }

  private List<String> peerOfTraining() {
    return List.of(
        python,
        "bench/peers/classify_peft.py",
        "--model=" + model,
        "--data=" + data,
        "--valid=" + test,
        "--epochs=" + epochs,
        "--batch=" + batch);
  }

  private List<String> embedding(Path directory) {
    return List.of(
        "bash",
        "-c",
        ("'%s' bench/peers/embed_sentences.py --data '%s' --texts %d --write '%s/texts.jsonl' &&"
                + " ./lora embed --model '%s' --data '%s/texts.jsonl' --output '%s/texts.npy' --json")
            .formatted(python, data, texts, directory, model, directory, directory));
  }

  private List<String> peerOfEmbedding() {
    return List.of(
        python,
        "bench/peers/embed_sentences.py",
        "--model=" + model,
        "--data=" + data,
        "--texts=" + texts);
  }

  private List<String> onnx(Path jars, Path directory) {
    return List.of(
        "bash",
        "-c",
        ("'%s' bench/peers/embed_sentences.py --data '%s' --texts %d --write '%s/texts.txt' &&"
                + " java -cp '%s/*' bench/peers/onnx/EmbedOnnx.java '%s/texts.txt' %d")
            .formatted(
                python,
                data,
                texts,
                directory,
                jars,
                directory,
                Runtime.getRuntime().availableProcessors()));
  }
}
