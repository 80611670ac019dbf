package dev.lora4j.bench;

import dev.lora4j.io.DType;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.runtime.Engine;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/** Random adapters in a folder, one of them as good as another for speed. */
final class RandomAdapters {
  private static final double DEVIATION = 0.02;

  private RandomAdapters() {}

  /** Returns the adapters' names. */
  static List<String> write(Path model, Path folder, int count, int rank, Targets targets) {
    List<String> names = IntStream.range(0, count).mapToObj(i -> "tenant-" + i).toList();
    Engine.seed(1);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Pretrained base = Pretrained.load(ModelFiles.at(model), DType.F32)) {
      LoraModel adapted = Lora.adapt(base.model(), LoraConfig.rank(rank).targets(targets));
      for (String name : names) {
        for (Parameter parameter : adapted.parameters("default")) {
          parameter.value().normal_(0, DEVIATION, null);
        }
        adapted.save("default", folder.resolve(name), DType.F16);
      }
    }
    return names;
  }
}
