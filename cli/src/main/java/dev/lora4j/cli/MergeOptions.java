package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.cli.report.Numbers;
import dev.lora4j.io.DType;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.lora.AdapterKind;
import dev.lora4j.lora.BaseCheck;
import dev.lora4j.models.checkpoint.Checkpoint;
import dev.lora4j.models.checkpoint.MergeJob;
import dev.lora4j.models.checkpoint.MergeSummary;
import dev.lora4j.models.gguf.GgufModel;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What merging and taking out again share: options, progress, and the receipt. */
final class MergeOptions {
  private static final Pattern SIZE = Pattern.compile("(\\d+(?:\\.\\d+)?) ?(B|KB|MB|GB|TB)?");
  private static final List<String> UNITS = List.of("B", "KB", "MB", "GB", "TB");
  private static final List<String> DTYPES = List.of("float32", "float16", "bfloat16");

  @Option(
      names = "--adapter",
      paramLabel = "DIR",
      required = true,
      description = "An adapter's directory; may be given several times, then they add up.")
  private List<Path> adapters = new ArrayList<>();

  @Option(
      names = "--out",
      paramLabel = "PATH",
      required = true,
      description =
          "Where the result goes: a directory, or a name that ends with .safetensors, .gguf or, for"
              + " a TorchScript file, .pt.")
  private Path out = Path.of("");

  @Option(
      names = "--dtype",
      paramLabel = "NAME",
      description =
          "float32, float16 or bfloat16; the base's own if not given. For a GGUF file also q8_0, and"
              + " float16 if not given.")
  private @Nullable String dtype;

  @Option(
      names = "--max-shard-size",
      paramLabel = "SIZE",
      description = "Largest file of weights in a directory, such as 500MB; 5GB if not given.")
  private @Nullable String maxShardSize;

  @Option(
      names = "--any-base",
      description = "Take this base even if an adapter says that it was made on another.")
  private boolean anyBase;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  /** Merges into a model of tensors, and tells what that did. */
  void merge(Path model) {
    if (!isGguf()) {
      run(model, "merge", MergeJob::merge);
      return;
    }
    if (maxShardSize != null) {
      throw new UserError("--max-shard-size is for directories; a GGUF file is a single one");
    }
    GgmlType type = ModelConversion.ggmlType(dtype == null ? "float16" : dtype);
    run(model, "merge", (job, file) -> job.mergeToGguf(file, type));
  }

  /** Takes adapters out of a model of tensors, and tells what that did. */
  void unmerge(Path model) {
    if (isGguf()) {
      throw new UserError(
          "unmerge writes a directory or a .safetensors file; 'lora convert' makes a GGUF file of a"
              + " directory");
    }
    run(model, "unmerge", MergeJob::unmerge);
  }

  private boolean isGguf() {
    return AdapterKind.byName(out) == AdapterKind.GGUF;
  }

  private void run(Path model, String label, BiFunction<MergeJob, Path, MergeSummary> work) {
    MergeSummary receipt;
    try (LateProgress progress = new LateProgress(label, bytesOf(model))) {
      receipt = work.apply(job(model).reportingTo(progress::add), out);
    }
    if (json) {
      JsonLine.print(System.out, root -> fill(root, receipt));
    } else {
      print(System.out, receipt);
    }
  }

  /**
   * Merges into a TorchScript file.
   *
   * @throws UserError if an option asks for what its file can't have
   */
  void runScript(Path model) {
    if (isGguf()) {
      throw new UserError(
          model
              + " is a TorchScript file, of which no GGUF file can be made; let --out end with .pt");
    }
    if (dtype != null || maxShardSize != null) {
      throw new UserError(
          "--dtype and --max-shard-size are not for a TorchScript file, which stays as it is but for"
              + " its weights");
    }
    long bytes = ScriptMerge.run(model, adapters, anyBase, out);
    if (json) {
      JsonLine.print(System.out, root -> root.put("bytes", bytes).put("out", out.toString()));
    } else {
      System.out.printf("%s in %s%n", Numbers.bytes(bytes), out);
    }
  }

  private static long bytesOf(Path model) {
    if (GgufModel.isAt(model)) {
      try (GgufModel file = GgufModel.open(model)) {
        return file.parameters() * Float.BYTES; // it is merged in float32
      }
    }
    try (Checkpoint checkpoint = Checkpoint.open(model)) {
      return checkpoint.bytes();
    }
  }

  private MergeJob job(Path model) {
    MergeJob job = MergeJob.of(model, adapters);
    if (anyBase) {
      job = job.checking(BaseCheck.ANY_BASE);
    }
    if (dtype != null && !isGguf()) {
      job = job.as(dtype(dtype));
    }
    return maxShardSize == null ? job : job.shardsOf(bytes(maxShardSize));
  }

  static DType dtype(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "float32", "f32", "fp32" -> DType.F32;
      case "float16", "f16", "fp16" -> DType.F16;
      case "bfloat16", "bf16" -> DType.BF16;
      case "q8_0" ->
          throw new UserError(
              "q8_0 is for a model in a GGUF file; expected " + String.join(", ", DTYPES));
      default -> throw new UserError("no format '" + name + "'" + NearMiss.hint(name, DTYPES));
    };
  }

  /** {@code 5GB} in bytes. */
  static long bytes(String size) {
    Matcher matcher = SIZE.matcher(size.strip().toUpperCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new UserError(
          "'" + size + "' is no size; expected a number and B, kB, MB, GB or TB, such as 500MB");
    }
    int power = matcher.group(2) == null ? 0 : UNITS.indexOf(matcher.group(2));
    return (long) (Double.parseDouble(matcher.group(1)) * Math.pow(1000, power));
  }

  private void print(PrintStream to, MergeSummary receipt) {
    TextTable table =
        new TextTable("tensor", "largest change", "‖ΔW‖/‖W‖", "largest rounding", "lost");
    for (MergeSummary.Change change : receipt.changes()) {
      table.row(
          change.tensor(),
          Numbers.tiny(change.largest()),
          Numbers.tiny(change.relative()),
          Numbers.tiny(change.rounding()),
          Numbers.percent(change.lost()));
    }
    table.print(to);
    receipt.notes().forEach(note -> to.println("Note: " + note));
    to.printf(
        "%s of %s tensors changed; %s in %s%n",
        Numbers.count(receipt.changes().size()),
        Numbers.count(receipt.tensors()),
        Numbers.bytes(receipt.bytes()),
        out);
  }

  private void fill(ObjectNode root, MergeSummary receipt) {
    for (MergeSummary.Change change : receipt.changes()) {
      ObjectNode node = root.withArray("changes").addObject();
      node.put("tensor", change.tensor());
      node.put("largest", change.largest());
      node.put("relative", change.relative());
      node.put("rounding", change.rounding());
      node.put("lost", change.lost());
    }
    root.put("tensors", receipt.tensors());
    root.put("bytes", receipt.bytes());
    receipt.notes().forEach(root.putArray("notes")::add);
    root.put("out", out.toString());
  }
}
