package dev.lora4j.bench;

import dev.lora4j.io.ScratchDirectory;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.model.TaskNetwork;
import dev.lora4j.llm.task.model.TaskNetworks;
import dev.lora4j.llm.task.predict.TextClassifier;
import dev.lora4j.llm.task.predict.TextClassifier.Request;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.runtime.Engine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The rate of a batch of many classifiers on one base, and of a batch of one. */
@Command(name = "encoder-tenants", hidden = true)
final class EncoderTenantsRun implements Callable<Integer> {
  private static final String TEXT = "my card was charged twice for one order and nobody answers";
  private static final int LABELS = 4;
  private static final double DEVIATION = 0.02;

  @Option(names = "--model", required = true)
  private Path model = Path.of("");

  @Option(names = "--tenants")
  private int tenants = 50;

  @Option(names = "--texts")
  private int texts = 400;

  @Option(names = "--rounds")
  private int rounds = 31;

  /** Rounds that do not count, in which the JIT compiles both ways. */
  @Option(names = "--warm-up")
  private int warmUp = 5;

  @Override
  public Integer call() throws IOException {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"), "lora-bench");
    try (ScratchDirectory scratch = ScratchDirectory.beside(temporary);
        TextClassifier classifier = TextClassifier.open(model)) {
      List<String> names = write(scratch.path());
      names.forEach(name -> classifier.load(name, scratch.path().resolve(name)));
      List<Request> mixed = requests(names);
      List<Request> alone = requests(names.subList(0, 1));
      List<Double> ofMixed = new ArrayList<>();
      List<Double> ofAlone = new ArrayList<>();
      List<Double> ratios = new ArrayList<>();
      for (int round = -warmUp; round < rounds; round++) {
        double several = rate(classifier, mixed);
        double one = rate(classifier, alone);
        if (round >= 0) {
          ofMixed.add(several);
          ofAlone.add(one);
          ratios.add(several / one);
        }
      }
      System.out.printf(
          Locale.ROOT,
          "{\"texts_per_s_mixed\": %.1f, \"texts_per_s_alone\": %.1f, \"ratio\": %.3f}%n",
          median(ofMixed),
          median(ofAlone),
          median(ratios));
    }
    return 0;
  }

  private List<String> write(Path folder) {
    List<String> names = IntStream.range(0, tenants).mapToObj(i -> "tenant-" + i).toList();
    Engine.seed(1);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        TaskNetwork network =
            TaskNetworks.load(
                ModelFiles.at(model),
                TextTask.TEXT_CLASSIFICATION,
                LABELS,
                WeightStorage.asStored())) {
      LoraModel adapted =
          Lora.adapt(
              network.module(),
              LoraConfig.rank(8)
                  .targets(Targets.everyLinear())
                  .taskType(TextTask.TEXT_CLASSIFICATION.peftType())
                  .modulesToSave(network.headModules().toArray(String[]::new)));
      for (String name : names) {
        for (Parameter parameter : adapted.parameters("default")) {
          parameter.value().normal_(0, DEVIATION, null);
        }
        adapted.save("default", folder.resolve(name));
      }
    }
    return names;
  }

  /** Texts of different lengths, whose adapters take turns. */
  private List<Request> requests(List<String> names) {
    List<Request> requests = new ArrayList<>();
    for (int i = 0; i < texts; i++) {
      String text = TEXT.substring(0, 20 + i % (TEXT.length() - 20));
      requests.add(Request.of(names.get(i % names.size()), text));
    }
    return requests;
  }

  private static double rate(TextClassifier classifier, List<Request> requests) {
    long start = System.nanoTime();
    classifier.classify(requests);
    return requests.size() / ((System.nanoTime() - start) / 1e9);
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }
}
