package dev.lora4j.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.cli.show.ProcessStats;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.generate.Generation;
import dev.lora4j.llm.generate.GenerationConfig;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.nn.runtime.Blas;
import dev.lora4j.train.Workers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Our side of {@link QuantizedBench}: prints the speed of generation and the memory, as JSON. */
@Command(name = "quantized-own", hidden = true)
final class QuantizedRun implements Callable<Integer> {
  private static final int VOCABULARY = 30_000;

  @Option(names = "--model", required = true)
  private Path model = Path.of("");

  @Option(names = "--prompt-tokens")
  private int prompt = 512;

  @Option(names = "--new-tokens")
  private int tokens = 64;

  @Option(names = "--rounds")
  private int rounds = 3;

  @Option(names = "--threads")
  private int threads = 2;

  @Override
  public Integer call() throws JsonProcessingException {
    Blas.preferSingleRows();
    long start = System.nanoTime();
    try (ChatModel chat = ChatModel.open(model);
        Workers team = new Workers(threads)) {
      double load = (System.nanoTime() - start) / 1e9;
      List<Long> ids = new Random(0).longs(prompt, 0, VOCABULARY).boxed().toList();
      Generator generator = Generator.sharedBy(team, chat.network());
      List<Generation> texts = new ArrayList<>();
      for (int round = 0; round <= rounds; round++) {
        Generation text = generator.generate(ids, GenerationConfig.greedy(tokens));
        if (round > 0) { // the first is a warm-up
          texts.add(text);
        }
      }
      double cpuBefore = cpuSeconds();
      generator.generate(ids.subList(0, 1), GenerationConfig.greedy(tokens));
      double cpu = (cpuSeconds() - cpuBefore) / tokens;
      double prefill = Pairs.median(texts, text -> text.prefill().toNanos() / 1e9);
      Map<String, Double> report =
          Map.of(
              "load_s",
              load,
              "prompt_tokens_per_s",
              prompt / prefill,
              "tokens_per_s",
              Pairs.median(texts, Generation::tokensPerSecond),
              "cpu_s_per_token",
              cpu,
              "peak_rss_mb",
              (double) ProcessStats.peakMegabytes().orElseThrow());
      System.out.println(new ObjectMapper().writeValueAsString(report));
    }
    return 0;
  }

  private static double cpuSeconds() {
    return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
  }
}
