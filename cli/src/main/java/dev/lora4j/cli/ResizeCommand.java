package dev.lora4j.cli;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import dev.lora4j.cli.options.ByteSize;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.options.Range;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.llm.merge.ResizeJob;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Enlarges the vocabulary of a base model. */
@Command(
    name = "resize",
    mixinStandardHelpOptions = true,
    header = {"Enlarge the vocabulary of a base model.", ""},
    description = {
      "",
      "Adds rows for new tokens to the embedding and the output head, as transformers'"
          + " resize_token_embeddings does, for an adapter whose base got additional tokens before"
          + " training. Each new row is the mean of the old rows.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora resize --model SmolLM2-135M --adapter my-adapter --out larger",
      "  lora resize --model SmolLM2-135M --tokens 49160 --pad-to-multiple-of 64 --out larger"
    })
final class ResizeCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "BASE",
      required = true,
      description = "Base model: a Hugging Face directory.")
  private Path model = Path.of("");

  @ArgGroup(multiplicity = "1")
  private Size size = new Size();

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "Output directory.")
  private Path out = Path.of("");

  @Option(
      names = "--pad-to-multiple-of",
      paramLabel = "N",
      description = "Round the number of tokens up to a multiple of N" + DEFAULT)
  @Range(from = 1, to = Range.MILLION)
  private long multipleOf = 1;

  @Option(
      names = "--max-shard-size",
      paramLabel = "SIZE",
      description = "Maximum size of a weight file, such as 500MB (default: 5GB).")
  private @Nullable String maxShardSize;

  @Mixin private OutputFormat output = new OutputFormat();

  /** The number of tokens, or the adapter or tokenizer that determines it. */
  static final class Size {
    @Option(names = "--tokens", paramLabel = "N", description = "Number of tokens.")
    @Range(from = 1, to = Range.MANY)
    private @Nullable Long tokens;

    @Option(
        names = "--adapter",
        paramLabel = "DIR",
        description =
            "Adapter whose embedding or head determines the number of tokens; a tokenizer in its"
                + " directory replaces the base's.")
    private @Nullable Path adapter;

    @Option(
        names = "--tokenizer",
        paramLabel = "DIR",
        description = "Tokenizer that determines the number of tokens, and replaces the base's.")
    private @Nullable Path tokenizer;

    private long tokens(Path model) {
      if (tokens != null) {
        return tokens;
      }
      if (adapter != null) {
        return ResizeJob.tokensOf(model, adapter);
      }
      try (Tokenizer own = Tokenizer.load(tokenizerDirectory().orElseThrow())) {
        return own.vocabularySize();
      }
    }

    private Optional<Path> tokenizerDirectory() {
      return Optional.ofNullable(tokenizer == null ? adapter : tokenizer)
          .filter(directory -> directory.equals(tokenizer) || hasTokenizer(directory));
    }

    private static boolean hasTokenizer(Path directory) {
      return Files.exists(directory.resolve("tokenizer.json"));
    }
  }

  @Override
  public Integer call() {
    ResizeJob job = ResizeJob.of(model, size.tokens(model)).multipleOf(multipleOf);
    Optional<Path> tokenizer = size.tokenizerDirectory();
    if (tokenizer.isPresent()) {
      job = job.tokenizer(tokenizer.get());
    }
    if (maxShardSize != null) {
      job = job.shardsOf(ByteSize.parse(maxShardSize));
    }
    ResizeJob.Summary done = job.write(out);
    output.show(
        root -> {
          root.put("tokens_before", done.before()).put("tokens", done.after());
          done.tensors().forEach(root.putArray("tensors")::add);
          root.put("bytes", done.bytes()).put("out", out.toString());
        },
        text ->
            text.printf(
                "Enlarged %s from %s to %s tokens; wrote %s to %s%n",
                String.join(" and ", done.tensors()),
                NumberFormats.count(done.before()),
                NumberFormats.count(done.after()),
                NumberFormats.bytes(done.bytes()),
                out));
    return 0;
  }
}
