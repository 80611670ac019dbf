package dev.lora4j.cli;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import dev.lora4j.cli.options.ModelShape;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.options.Range;
import dev.lora4j.cli.show.TextTable;
import dev.lora4j.llm.generate.Generation;
import dev.lora4j.llm.generate.GenerationConfig;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.llm.model.llama.Llama;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.merge.Unmerging;
import dev.lora4j.nn.runtime.Blas;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.train.Workers;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures the generation speed of a model with random weights. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    header = {"Measure generation speed.", ""},
    description = {
      "",
      "Generates from a random prompt with the bare base, with an adapter on all linear layers,"
          + " and with that adapter merged. Reports medians.",
      ""
    },
    footer = {"", "Example:", "  lora bench generate --prompt-tokens 512 --new-tokens 64 --json"})
final class BenchGenerateCommand implements Callable<Integer> {
  @Mixin private ModelShape shape = new ModelShape();

  @Option(
      names = "--prompt-tokens",
      paramLabel = "N",
      description = "Prompt length in tokens" + DEFAULT)
  @Range(from = 1, to = 65_536)
  private int prompt = 512;

  @Option(
      names = "--new-tokens",
      paramLabel = "N",
      description = "Number of tokens to generate" + DEFAULT)
  @Range(from = 2, to = 65_536)
  private int tokens = 64;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Number of measured texts per variant" + DEFAULT)
  @Range(from = 1, to = Range.MILLION)
  private int rounds = 5;

  @Mixin private OutputFormat output = new OutputFormat();

  private enum Kind {
    BASE,
    ADAPTER,
    MERGED
  }

  private record Speed(double prefillSeconds, double tokensPerSecond) {}

  @Override
  public Integer call() {
    Blas.preferSingleRows();
    Engine.start();
    Engine.seed(0);
    try (Llama network = new Llama(shape.config(Math.max(2048, prompt + tokens)));
        Workers team = new Workers(shape.workers())) {
      network.train(false);
      LoraModel model = shape.adapt(network);
      print(measured(model, Generator.sharedBy(team, network)));
    }
    return 0;
  }

  private Map<Kind, Speed> measured(LoraModel model, Generator generator) {
    List<Long> ids = new Random(0).longs(prompt, 0, shape.vocabulary()).boxed().toList();
    Map<Kind, List<Generation>> texts = new EnumMap<>(Kind.class);
    for (int round = 0; round <= rounds; round++) {
      for (Kind kind : Kind.values()) {
        Generation text = write(kind, model, generator, ids);
        if (round > 0) { // the first round is warm-up
          texts.computeIfAbsent(kind, k -> new ArrayList<>()).add(text);
        }
      }
    }
    Map<Kind, Speed> speeds = new EnumMap<>(Kind.class);
    texts.forEach((kind, measured) -> speeds.put(kind, median(measured)));
    return speeds;
  }

  private Generation write(Kind kind, LoraModel model, Generator generator, List<Long> ids) {
    model.activate(kind == Kind.BASE ? new String[0] : new String[] {"default"});
    if (kind == Kind.MERGED) {
      model.merge(Unmerging.BY_SUBTRACTION); // a copy would leave free memory to the next texts
    }
    try {
      generator.generate(ids, GenerationConfig.greedy(1)); // warm-up after the switch
      return generator.generate(ids, GenerationConfig.greedy(tokens));
    } finally {
      if (kind == Kind.MERGED) {
        model.unmerge();
      }
    }
  }

  private static Speed median(List<Generation> texts) {
    return new Speed(
        median(texts, text -> text.prefill().toNanos() / 1e9),
        median(texts, Generation::tokensPerSecond));
  }

  private static double median(List<Generation> texts, ToDoubleFunction<Generation> measurement) {
    return texts.stream().mapToDouble(measurement).sorted().toArray()[texts.size() / 2];
  }

  private void print(Map<Kind, Speed> speeds) {
    output.show(
        root ->
            speeds.forEach(
                (kind, speed) ->
                    root.putObject(kind.name().toLowerCase(Locale.ROOT))
                        .put("prefill_s", speed.prefillSeconds())
                        .put("tokens_per_s", speed.tokensPerSecond())),
        out -> table(speeds).print(out));
  }

  private static TextTable table(Map<Kind, Speed> speeds) {
    TextTable table = new TextTable("model", "first token, s", "tokens/s");
    speeds.forEach(
        (kind, speed) ->
            table.row(
                kind.name().toLowerCase(Locale.ROOT),
                String.format(Locale.ROOT, "%.3f", speed.prefillSeconds()),
                String.format(Locale.ROOT, "%.1f", speed.tokensPerSecond())));
    return table;
  }
}
