package dev.lora4j.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.merge.Unmerging;
import dev.lora4j.nn.Activation;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Sequential;
import dev.lora4j.train.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import picocli.CommandLine.Command;

/** Our side of {@link LayersBench}: prints the time of each operation in seconds, as JSON. */
@Command(name = "layers-own", hidden = true)
final class LayersRun implements Callable<Integer> {
  private static final int SIZE = 1024;
  private static final int LAYERS = 100;
  private static final int SWITCHES = 1000;
  private static final LoraConfig CONFIG = LoraConfig.rank(8).alpha(16);

  private static final int WARMUP_RUNS = 20;
  private static final double SECONDS = 1.5;
  private final Map<String, Double> report = new LinkedHashMap<>();

  @Override
  public Integer call() throws Exception {
    try (Workers workers = Workers.ofAllCores()) {
      for (int rows : new int[] {1, 16, 256}) {
        report.put("lora_" + rows, step(CONFIG, rows, workers));
        report.put("dora_" + rows, step(CONFIG.dora(true), rows, workers));
      }
    }
    mixed(8, CONFIG, "");
    mixed(64, CONFIG, "");
    mixed(8, CONFIG.dora(true), "_dora");
    report.put("merge", merging(LoraModel::merge));
    report.put("merge_by_subtraction", merging(model -> model.merge(Unmerging.BY_SUBTRACTION)));
    report.put("merge_and_unload", merging(LoraModel::mergeAndUnload));
    switching();
    System.out.println(new ObjectMapper().writeValueAsString(report));
    return 0;
  }

  private static Sequential mlp(int layers) {
    List<Module> modules = new ArrayList<>();
    for (int i = 0; i < layers; i++) {
      modules.add(new Linear(SIZE, SIZE));
      modules.add(Activation.relu());
    }
    return new Sequential(modules.toArray(new Module[0]));
  }

  private static double step(LoraConfig config, int rows, Workers workers) {
    try (Sequential net = mlp(2)) {
      LoraModel model = Lora.adapt(net, config);
      try (TrainingStep step = new TrainingStep(model, rows, SIZE, workers)) {
        return best(step);
      }
    }
  }

  private void mixed(int rows, LoraConfig config, String suffix) {
    try (Sequential net = mlp(2);
        PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      LoraModel model = Lora.base(net);
      IntStream.range(0, 8).forEach(i -> model.add("a" + i, config));
      net.train(false);
      Tensor x = torch.randn(rows, SIZE);
      report.put("single_" + rows + suffix, forward(model.with("a0"), x));
      List<String> names = IntStream.range(0, rows).mapToObj(i -> "a" + i % 8).toList();
      try (Module ofRows = model.withRows(names)) {
        report.put("mixed_" + rows + suffix, forward(ofRows, x));
      }
    }
  }

  private static double forward(Module network, Tensor x) {
    return best(
        () -> {
          try (PointerScope scope = new PointerScope()) {
            network.forward(x);
          }
        });
  }

  private static double merging(Consumer<LoraModel> finish) {
    double best = Double.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      try (Sequential net = mlp(LAYERS)) {
        LoraModel model = Lora.adapt(net, CONFIG);
        long start = System.nanoTime();
        finish.accept(model);
        best = Math.min(best, (System.nanoTime() - start) / 1e9);
      }
    }
    return best;
  }

  /** Runs a forward after each switch, as a server would, and measures memory growth. */
  private void switching() {
    try (Sequential net = mlp(2)) {
      LoraModel model = Lora.adapt(net, CONFIG);
      model.add("other", CONFIG);
      long switches = 0;
      long before = 0;
      for (int i = 0; i < SWITCHES + 100; i++) {
        if (i == 100) {
          before = rssBytes();
          switches = 0;
        }
        long start = System.nanoTime();
        model.activate(i % 2 == 0 ? "default" : "other");
        switches += System.nanoTime() - start;
        try (PointerScope scope = new PointerScope();
            NoGradGuard guard = new NoGradGuard()) {
          model.forward(torch.randn(1, SIZE));
        }
      }
      report.put("switch", switches / 1e9 / SWITCHES);
      report.put("switching_grew_mb", (rssBytes() - before) / 1e6);
    }
  }

  /** Returns the minimum time over many runs, which excludes disturbances. */
  private static double best(Runnable work) {
    for (int i = 0; i < WARMUP_RUNS; i++) {
      work.run();
    }
    double best = Double.MAX_VALUE;
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < SECONDS * 1e9) {
      long start = System.nanoTime();
      work.run();
      best = Math.min(best, (System.nanoTime() - start) / 1e9);
    }
    return best;
  }

  /** Returns the resident memory of this process; Linux only. */
  private static long rssBytes() {
    try {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
