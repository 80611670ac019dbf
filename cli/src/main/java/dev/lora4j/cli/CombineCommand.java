package dev.lora4j.cli;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.CombinationOptions;
import dev.lora4j.cli.options.DTypeName;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.llm.merge.CombineJob;
import dev.lora4j.llm.merge.CombineSummary;
import dev.lora4j.lora.combine.Combination;
import dev.lora4j.lora.format.BaseCheck;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Combines several adapters into one. */
@Command(
    name = "combine",
    mixinStandardHelpOptions = true,
    header = {"Combine several adapters into one.", ""},
    description = {"", "Combines weighted adapters by the methods of PEFT.", ""},
    footer = {
      "",
      "Examples:",
      "  lora combine --adapter french=0.7 --adapter formal=0.3 --out both",
      "  lora combine --adapter french --adapter slang=-0.5 --method ties_svd --density 0.5 --rank"
          + " 8"
          + " --out small"
    })
final class CombineCommand implements Callable<Integer> {
  @Option(
      names = "--adapter",
      paramLabel = "DIR[=WEIGHT]",
      required = true,
      description = "Adapter directory and its weight (default: 1); repeatable.")
  private List<String> adapters = new ArrayList<>();

  @Mixin private CombinationOptions how = new CombinationOptions();

  @Option(
      names = "--model",
      paramLabel = "BASE",
      description =
          "Base model to check the adapters against; required for adapters initialised from the"
              + " base weights.")
  private @Nullable Path model;

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "Output directory.")
  private Path out = Path.of("");

  @Option(
      names = "--dtype",
      paramLabel = "NAME",
      description = "Output data type: float32, float16 or bfloat16" + DEFAULT)
  private String dtype = "float32";

  @Option(names = "--any-base", description = "Combine adapters of different base models.")
  private boolean anyBase;

  @Mixin private OutputFormat output = new OutputFormat();

  @Override
  public Integer call() {
    Combination chosen = how.combination();
    CombineJob job = CombineJob.of(weights(), chosen).as(DTypeName.parse(dtype));
    if (model != null) {
      job = job.on(model);
    }
    if (anyBase) {
      job = job.checking(BaseCheck.ANY_BASE);
    }
    CombineSummary made = job.write(out);
    output.show(
        root ->
            root.put("method", chosen.word())
                .put("adapters", adapters.size())
                .put("layers", made.layers())
                .put("smallest_rank", made.smallestRank())
                .put("largest_rank", made.largestRank())
                .put("parameters", made.numbers())
                .put("bytes", made.bytes())
                .put("out", out.toString()),
        text ->
            text.printf(
                "Combined %d adapters by %s: %d layers, rank %s, %s parameters; wrote %s to %s%n",
                adapters.size(),
                chosen.word(),
                made.layers(),
                made.smallestRank() == made.largestRank()
                    ? String.valueOf(made.largestRank())
                    : made.smallestRank() + " to " + made.largestRank(),
                NumberFormats.count(made.numbers()),
                NumberFormats.bytes(made.bytes()),
                out));
    return 0;
  }

  private Map<Path, Double> weights() {
    Map<Path, Double> weights = new LinkedHashMap<>();
    for (String given : adapters) {
      int equals = Files.isDirectory(Path.of(given)) ? -1 : given.lastIndexOf('=');
      Path path = Path.of(equals < 0 ? given : given.substring(0, equals));
      double weight = equals < 0 ? 1 : weight(given, given.substring(equals + 1));
      if (weights.put(path, weight) != null) {
        throw new UserError(path + " is given twice; give it once, with the sum of its weights");
      }
    }
    return weights;
  }

  private static double weight(String given, String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new UserError(
          "--adapter %s: expected a number after =, such as 0.7, found '%s'".formatted(given, text),
          e);
    }
  }
}
