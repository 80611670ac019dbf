package dev.lora4j.cli.options;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import dev.lora4j.UserError;
import dev.lora4j.llm.plan.MachineMemory;
import dev.lora4j.llm.plan.ModelOutline;
import dev.lora4j.llm.plan.TrainingSetup;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.config.LoraConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The settings of a run that decide on its memory; named and preset as in {@code lora train}. */
public final class MemoryOptions {
  /** The names of these options, and of {@link WeightOptions}. */
  public static final List<String> NAMES =
      List.of(
          "--batch-size",
          "--max-seq-length",
          "--gradient-checkpointing",
          "--workers",
          "--quantize",
          "--double-quant",
          "--dequantize",
          "--dtype",
          "--context-length",
          "--cache-mb",
          "--memory");

  private static final int MEGABYTE = 20;

  @Option(names = "--batch-size", paramLabel = "N", description = "Batch size" + DEFAULT)
  @Range(from = 1, to = Range.MILLION)
  private int batch = LanguageOptions.BATCH;

  @Option(
      names = "--max-seq-length",
      paramLabel = "N",
      description =
          "Maximum sequence length in tokens (default: 512, or the model's limit if lower).")
  @Range(from = 2, to = Range.MANY)
  private @Nullable Integer maxTokens;

  @Option(
      names = "--gradient-checkpointing",
      description = "Recompute activations in the backward pass: less memory, more time.")
  private boolean checkpointing;

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Number of worker threads (default: one per core).")
  @Range(from = 1, to = Range.WORKERS)
  private int workers = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--context-length",
      paramLabel = "N",
      description =
          "Tokens of a generated text, its prompt included (default: 2048, or the model's limit if"
              + " lower).")
  @Range(from = 1, to = Range.MANY)
  private @Nullable Integer context;

  @Option(
      names = "--cache-mb",
      paramLabel = "N",
      description = "Size of the server's KV cache in MB" + DEFAULT)
  @Range(from = 1, to = Range.MANY)
  private long cache = 512;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "Memory of the machine, such as 16GB (default: that of this machine).")
  private @Nullable String memory;

  /** Returns the settings for a model that is loaded this way, and an adapter. */
  public TrainingSetup setup(ModelOutline model, WeightStorage storage, LoraConfig adapter) {
    BatchConfig batching = BatchConfig.of(batch).maxSeqLength(maxTokens(model.maxPositions()));
    return new TrainingSetup(
        model.base(storage),
        adapter,
        checkpointing ? batching.gradientCheckpointing() : batching,
        workers);
  }

  private int maxTokens(int longest) {
    return maxTokens == null
        ? Math.min(LanguageOptions.MAX_TOKENS, longest)
        : within("--max-seq-length", maxTokens, longest);
  }

  /** Returns the tokens of a generated text. */
  public int contextLength(ModelOutline model) {
    int longest = model.maxPositions();
    return context == null ? Math.min(2048, longest) : within("--context-length", context, longest);
  }

  private static int within(String option, int tokens, int longest) {
    if (tokens > longest) {
      throw new UserError(
          "%s must be at most %,d, the limit of the model; found %,d"
              .formatted(option, longest, tokens));
    }
    return tokens;
  }

  /** Returns the size of the server's KV cache in bytes. */
  public long cacheBytes() {
    return cache << MEGABYTE;
  }

  public MachineMemory machine() {
    return memory == null ? MachineMemory.here() : MachineMemory.of(ByteSize.parse(memory));
  }

  /** Returns whether another machine's memory was given. */
  public boolean isOtherMachine() {
    return memory != null;
  }
}
