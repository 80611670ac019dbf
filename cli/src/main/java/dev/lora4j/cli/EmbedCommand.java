package dev.lora4j.cli;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.cli.embed.EmbeddingFile;
import dev.lora4j.cli.embed.EmbeddingSink;
import dev.lora4j.cli.embed.JsonLines;
import dev.lora4j.cli.embed.TextRow;
import dev.lora4j.cli.embed.TextRows;
import dev.lora4j.cli.options.AdapterChoices;
import dev.lora4j.cli.options.ColumnOptions;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.options.Range;
import dev.lora4j.cli.options.References;
import dev.lora4j.cli.options.WeightOptions;
import dev.lora4j.cli.progress.Progress;
import dev.lora4j.cli.progress.Unit;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.llm.embedding.Embedder;
import dev.lora4j.llm.embedding.EmbeddingOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Embeds texts. */
@Command(
    name = "embed",
    mixinStandardHelpOptions = true,
    header = {"Embed texts.", ""},
    description = {
      "",
      "Computes the embeddings of texts as sentence-transformers does, with an encoder (BERT,"
          + " RoBERTa, DistilBERT, ModernBERT) or a causal language model, and with adapters, which"
          + " add up. Texts longer than the model's limit are truncated and counted.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora embed --model all-MiniLM-L6-v2 --json \"How do I reset my password?\"",
      "  lora embed --model all-MiniLM-L6-v2 --data tickets.csv --columns text=subject --output"
          + " tickets.parquet",
      "  lora embed --model Qwen3-Embedding-0.6B --adapter legal --data questions.jsonl"
          + " --prompt-name query --output questions.npy"
    })
final class EmbedCommand implements Callable<Integer> {
  private static final int CHUNK = 8192;

  @Parameters(paramLabel = "TEXT", arity = "0..*", description = "Texts, instead of --data.")
  private List<String> texts = new ArrayList<>();

  @Option(
      names = "--model",
      paramLabel = "M",
      required = true,
      description =
          "Embedding model: directory of sentence-transformers or of an encoder, or"
              + " org/name[@revision] on the Hub.")
  private String model = "";

  @Mixin private AdapterChoices adapters = new AdapterChoices();

  @Mixin private WeightOptions weights = new WeightOptions();

  @Option(
      names = "--data",
      paramLabel = "FILE",
      description =
          "Texts: jsonl, json, csv, tsv or parquet file with a column text, or another one named by"
              + " --columns text=COLUMN; or a txt file with one text a line.")
  private Optional<Path> data = Optional.empty();

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description =
          "Output file: .jsonl or .parquet for the rows with their embedding, .npy for a matrix.")
  private Optional<Path> file = Optional.empty();

  @Option(
      names = "--prompt-name",
      paramLabel = "NAME",
      description = "Prompt of the model, such as query (default: the model's default, if any).")
  private Optional<String> promptName = Optional.empty();

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description = "Text to put before each text, instead of a prompt of the model.")
  private Optional<String> prompt = Optional.empty();

  @Option(
      names = "--dimensions",
      paramLabel = "N",
      description =
          "Number of components, for models that were trained to allow fewer (default: all).")
  @Range(from = 1, to = Range.MANY)
  private Optional<Integer> dimensions = Optional.empty();

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Number of worker threads (default: one per core).")
  @Range(from = 1, to = Range.WORKERS)
  private int workers = Runtime.getRuntime().availableProcessors();

  @Mixin private ColumnOptions columns = new ColumnOptions();

  @Option(
      names = "--json",
      description =
          "Print one JSON line for each text to stdout, with its embedding; with --output, one JSON"
              + " object about the run. Everything else goes to stderr.")
  private boolean json;

  @Override
  public Integer call() {
    TextRows rows = rows();
    Optional<EmbeddingFile> output = file.map(EmbeddingFile::new);
    if (output.isEmpty() && !json) {
      throw new UserError("name an --output file, or print the embeddings with --json");
    }
    Map<String, Path> directories = adapters.resolve();
    try (Embedder embedder = Embedder.open(References.resolve(model), workers, weights.storage())) {
      embedder.warnings().forEach(warning -> System.err.println("Warning: " + warning));
      directories.forEach((name, directory) -> embedder.load(name, directory, adapters.check()));
      EmbeddingOptions options = options(embedder, directories);
      long count = rows.count();
      if (count == 0) {
        throw new UserError("there are no texts to embed");
      }
      long start = System.nanoTime();
      try (Progress progress = new Progress("embed", Unit.TEXTS, count)) {
        EmbeddingFile.Content content = sink -> embed(embedder, options, rows, sink, progress);
        if (output.isPresent()) {
          output.get().write(count, options.dimensions().getAsInt(), content);
        } else {
          print(content);
        }
      }
      Duration time = Duration.ofNanos(System.nanoTime() - start);
      report(embedder, count, time);
    }
    return 0;
  }

  private TextRows rows() {
    if (texts.isEmpty() == data.isEmpty()) {
      throw new UserError("name the texts to embed: --data FILE, or texts as arguments");
    }
    return data.map(path -> TextRows.in(path, columns.options()))
        .orElseGet(() -> TextRows.of(texts));
  }

  private EmbeddingOptions options(Embedder embedder, Map<String, Path> directories) {
    EmbeddingOptions options =
        EmbeddingOptions.standard().adapters(directories.keySet().toArray(String[]::new));
    if (prompt.isPresent() && promptName.isPresent()) {
      throw new UserError("--prompt and --prompt-name are mutually exclusive; give one of them");
    }
    options = prompt.map(options::prompt).orElse(options);
    options = promptName.map(options::promptNamed).orElse(options);
    return options.dimensions(dimensions.orElse(embedder.dimensions()));
  }

  private static void print(EmbeddingFile.Content content) {
    JsonLines lines = new JsonLines(System.out);
    try {
      content.writeTo(lines);
      lines.finish();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Embeds the rows some thousands at a time. */
  private static void embed(
      Embedder embedder,
      EmbeddingOptions options,
      TextRows rows,
      EmbeddingSink sink,
      Progress progress)
      throws IOException {
    List<TextRow> chunk = new ArrayList<>();
    try {
      rows.forEach(
          row -> {
            chunk.add(row);
            if (chunk.size() == CHUNK) {
              flush(embedder, options, chunk, sink, progress);
            }
          });
      flush(embedder, options, chunk, sink, progress);
    } catch (UncheckedIOException e) {
      throw requireNonNull(e.getCause());
    }
  }

  private static void flush(
      Embedder embedder,
      EmbeddingOptions options,
      List<TextRow> chunk,
      EmbeddingSink sink,
      Progress progress) {
    List<float[]> embeddings =
        embedder.embed(chunk.stream().map(TextRow::text).toList(), options, progress::add);
    try {
      for (int i = 0; i < chunk.size(); i++) {
        sink.write(chunk.get(i), embeddings.get(i));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    chunk.clear();
  }

  private void report(Embedder embedder, long count, Duration time) {
    if (embedder.truncatedTexts() > 0) {
      System.err.println(
          "Warning: %s of %s texts were truncated to %d tokens"
              .formatted(
                  NumberFormats.count(embedder.truncatedTexts()),
                  NumberFormats.count(count),
                  embedder.maxTokens()));
    }
    if (file.isPresent() && json) {
      OutputFormat.printJson(root -> fill(root, embedder, count, time));
    } else if (file.isPresent()) {
      System.out.println(
          "Wrote %s embeddings of %d dimensions to %s"
              .formatted(
                  NumberFormats.count(count),
                  dimensions.orElse(embedder.dimensions()),
                  file.get()));
    }
  }

  private void fill(ObjectNode root, Embedder embedder, long count, Duration time) {
    root.put("texts", count)
        .put("truncated", embedder.truncatedTexts())
        .put("dimensions", dimensions.orElse(embedder.dimensions()))
        .put("seconds", NumberFormats.seconds(time))
        .put("output", file.map(Path::toString).orElse(""));
  }
}
