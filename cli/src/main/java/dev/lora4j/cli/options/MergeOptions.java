package dev.lora4j.cli.options;

import dev.lora4j.UserError;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.merge.MergeJob;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.lora.format.AdapterKind;
import dev.lora4j.lora.format.BaseCheck;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of merge and unmerge. */
public final class MergeOptions {
  @Option(
      names = "--adapter",
      paramLabel = "DIR",
      required = true,
      description = "Adapter directory; repeatable, several adapters add up.")
  private List<Path> adapters = new ArrayList<>();

  @Option(
      names = "--out",
      paramLabel = "PATH",
      required = true,
      description =
          "Output directory, or a file name ending in .safetensors, .gguf or, for a TorchScript"
              + " file, .pt.")
  private Path out = Path.of("");

  @Option(
      names = "--dtype",
      paramLabel = "NAME",
      description =
          "Output data type: float32, float16 or bfloat16, for GGUF also q8_0, q4_0 or q4_k (default:"
              + " that of the base; float16 for GGUF and for a quantised base).")
  private @Nullable String dtype;

  @Option(
      names = "--max-shard-size",
      paramLabel = "SIZE",
      description = "Maximum size of a weight file in a directory, such as 500MB (default: 5GB).")
  private @Nullable String maxShardSize;

  @Option(
      names = "--any-base",
      description = "Accept a base model other than the one the adapter was trained on.")
  private boolean anyBase;

  @Option(
      names = "--sample-text",
      paramLabel = "TEXT",
      description =
          "Text on which logits are compared before and after a merge from or to a quantised model;"
              + " repeatable (default: four short texts).")
  private List<String> samples = new ArrayList<>();

  @Option(names = "--verbose", description = "List the change of each tensor.")
  private boolean verbose;

  @Mixin private QuantizeOptions quantize = new QuantizeOptions();

  @Mixin private OutputFormat output = new OutputFormat();

  public Path out() {
    return out;
  }

  public OutputFormat output() {
    return output;
  }

  public boolean isVerbose() {
    return verbose;
  }

  public boolean isGguf() {
    return AdapterKind.byName(out) == AdapterKind.GGUF;
  }

  /** Returns the data type of a GGUF file. */
  public GgmlType ggmlType() {
    if (maxShardSize != null) {
      throw new UserError("--max-shard-size applies to directories; a GGUF file is a single file");
    }
    return quantize.ofGguf(dtype);
  }

  /** Returns the quantisation of an output directory. */
  public Optional<Quantization> quantization() {
    return quantize.ofDirectory();
  }

  /** Returns the merge of the adapters into a model. */
  public MergeJob job(Path model) {
    MergeJob job = MergeJob.of(model, adapters).comparingOn(samples);
    if (anyBase) {
      job = job.checking(BaseCheck.ANY_BASE);
    }
    if (dtype != null && !isGguf()) {
      job = job.as(DTypeName.parse(dtype));
    }
    return maxShardSize == null ? job : job.shardsOf(ByteSize.parse(maxShardSize));
  }

  /**
   * Checks the options for a TorchScript file.
   *
   * @throws UserError if one does not apply, or the output exists
   */
  public void requireScript(Path model) {
    if (isGguf()) {
      throw new UserError(
          model + " is a TorchScript file and can't be written as GGUF; let --out end in .pt");
    }
    if (dtype != null || maxShardSize != null || quantize.isGiven()) {
      throw new UserError(
          "--dtype, --quantize and --max-shard-size do not apply to a TorchScript file, which keeps its format");
    }
    if (Files.exists(out)) {
      throw new UserError("--out: " + out + " already exists; choose another name");
    }
  }

  public List<Path> adapters() {
    return adapters;
  }

  /** Returns the check of a TorchScript file. */
  public BaseCheck scriptCheck() {
    return anyBase ? BaseCheck.ANY_BASE : BaseCheck.SAME_BASE;
  }
}
