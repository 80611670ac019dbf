package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraConfig;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.Targets;
import dev.lora4j.lora.Unmerging;
import dev.lora4j.models.Llama;
import dev.lora4j.models.generation.Generation;
import dev.lora4j.models.generation.GenerationConfig;
import dev.lora4j.models.generation.Generator;
import dev.lora4j.nn.Blas;
import dev.lora4j.nn.Engine;
import dev.lora4j.train.Workers;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lets a model with random weights write one text, and tells the speed. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description = {
      "Reads a random prompt and writes tokens after it: with the bare base, with an adapter on all"
          + " linear layers, and with that adapter merged, in turn.",
      ""
    },
    footer = {"", "Example:", "  lora bench generate --prompt 512 --new 64 --json"})
final class BenchGenerateCommand implements Callable<Integer> {
  @Mixin private ModelShape shape = new ModelShape();

  @Option(names = "--rank", paramLabel = "N", description = "The adapter's rank.")
  private int rank = 8;

  @Option(names = "--prompt", paramLabel = "N", description = "Tokens in the prompt.")
  private int prompt = 512;

  @Option(names = "--new", paramLabel = "N", description = "Tokens to write.")
  private int tokens = 64;

  @Option(names = "--rounds", paramLabel = "N", description = "Texts of each kind; medians count.")
  private int rounds = 5;

  @Option(names = "--workers", paramLabel = "N", description = "Threads that share a text.")
  private int workers = Runtime.getRuntime().availableProcessors();

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  private enum Kind {
    BASE,
    ADAPTER,
    MERGED
  }

  private record Speed(double prefillSeconds, double tokensPerSecond) {}

  @Override
  public Integer call() {
    Blas.preferSingleRows();
    ModelShape.requirePositive("--prompt", prompt);
    if (rounds < 1 || tokens < 2) {
      throw new UserError("--rounds must be at least 1 and --new at least 2");
    }
    Engine.start();
    Engine.seed(0);
    try (Llama network = new Llama(shape.config(Math.max(2048, prompt + tokens)));
        Workers crew = new Workers(workers)) {
      network.train(false);
      LoraModel model =
          Lora.adapt(network, LoraConfig.rank(rank).alpha(2 * rank).targets(Targets.everyLinear()));
      print(measured(model, Generator.sharedBy(crew, network)));
    }
    return 0;
  }

  private Map<Kind, Speed> measured(LoraModel model, Generator generator) {
    List<Long> ids = new Random(0).longs(prompt, 0, shape.vocabulary()).boxed().toList();
    Map<Kind, List<Generation>> made = new EnumMap<>(Kind.class);
    for (int round = 0; round <= rounds; round++) {
      for (Kind kind : Kind.values()) {
        Generation text = write(kind, model, generator, ids);
        if (round > 0) { // the first warms up
          made.computeIfAbsent(kind, k -> new ArrayList<>()).add(text);
        }
      }
    }
    Map<Kind, Speed> speeds = new EnumMap<>(Kind.class);
    made.forEach((kind, texts) -> speeds.put(kind, median(texts)));
    return speeds;
  }

  private Generation write(Kind kind, LoraModel model, Generator generator, List<Long> ids) {
    model.activate(kind == Kind.BASE ? new String[0] : new String[] {"default"});
    if (kind == Kind.MERGED) {
      model.merge(Unmerging.BY_SUBTRACTION); // no copy, whose memory the next texts would find free
    }
    try {
      generator.generate(ids, GenerationConfig.greedy(1)); // pays for what the switch left cold
      return generator.generate(ids, GenerationConfig.greedy(tokens));
    } finally {
      if (kind == Kind.MERGED) {
        model.unmerge();
      }
    }
  }

  private static Speed median(List<Generation> texts) {
    return new Speed(
        texts.stream()
            .map(text -> text.prefill().toNanos() / 1e9)
            .sorted(Comparator.naturalOrder())
            .toList()
            .get(texts.size() / 2),
        texts.stream()
            .map(Generation::tokensPerSecond)
            .sorted(Comparator.naturalOrder())
            .toList()
            .get(texts.size() / 2));
  }

  private void print(Map<Kind, Speed> speeds) {
    if (json) {
      JsonLine.print(
          System.out,
          root ->
              speeds.forEach(
                  (kind, speed) ->
                      root.putObject(kind.name().toLowerCase(Locale.ROOT))
                          .put("prefill_s", speed.prefillSeconds())
                          .put("tokens_per_s", speed.tokensPerSecond())));
      return;
    }
    TextTable table = new TextTable("model", "first token, s", "tokens/s");
    speeds.forEach(
        (kind, speed) ->
            table.row(
                kind.name().toLowerCase(Locale.ROOT),
                String.format(Locale.ROOT, "%.3f", speed.prefillSeconds()),
                String.format(Locale.ROOT, "%.1f", speed.tokensPerSecond())));
    table.print(System.out);
  }
}
