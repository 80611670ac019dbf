package dev.lora4j.llm.embedding;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.nn.kernel.Ops;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The module {@code Dense} of sentence-transformers, a layer on pooled vectors: {@code f(W x + b)}.
 * It is frozen, and held in Java's memory.
 */
public final class DenseLayer {
  private static final String BIAS = "linear.bias";
  private static final String WEIGHT = "linear.weight";

  private final int inputs;
  private final int outputs;
  private final float[] weight; // [outputs, inputs]
  private final float[] bias; // [outputs]
  private final Activation activation;

  /** The activation, under the name of its class in PyTorch. */
  private enum Activation {
    TANH("torch.nn.modules.activation.Tanh"),
    RELU("torch.nn.modules.activation.ReLU"),
    SIGMOID("torch.nn.modules.activation.Sigmoid"),
    IDENTITY("torch.nn.modules.linear.Identity");

    private final String className;

    Activation(String className) {
      this.className = className;
    }

    static Activation of(JsonDocument config) {
      String name = config.text("activation_function", TANH.className);
      List<String> known = Arrays.stream(values()).map(value -> value.className).toList();
      if (!known.contains(name)) {
        throw new UserError(
            "%s: no activation '%s' of a Dense module%s"
                .formatted(config.file(), name, NearMiss.hint(name, known)));
      }
      return values()[known.indexOf(name)];
    }

    Tensor of(Tensor x) {
      return switch (this) {
        case TANH -> x.tanh();
        case RELU -> x.relu();
        case SIGMOID -> x.sigmoid();
        case IDENTITY -> x;
      };
    }

    float of(float x) {
      return switch (this) {
        case TANH -> (float) Math.tanh(x);
        case RELU -> Math.max(0, x);
        case SIGMOID -> (float) (1 / (1 + Math.exp(-x)));
        case IDENTITY -> x;
      };
    }
  }

  private DenseLayer(int inputs, int outputs, float[] weight, float[] bias, Activation activation) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.weight = weight;
    this.bias = bias;
    this.activation = activation;
  }

  /**
   * Reads the layer of a directory.
   *
   * @throws UserError if a setting is not supported, or there are no weights
   * @throws CorruptFile if the weights do not have the sizes of {@code config.json}
   */
  static DenseLayer read(Path directory) {
    JsonDocument config = ModelFiles.in(directory).json("config.json");
    config.refuseUnless(
        Map.of(
            "module_input_name",
            "sentence_embedding",
            "module_output_name",
            "sentence_embedding",
            "use_residual",
            false));
    int inputs = config.size("in_features");
    int outputs = config.size("out_features");
    try (PointerScope scope = new PointerScope();
        Checkpoint file = Checkpoint.open(weights(directory))) {
      float[] weight = values(file, WEIGHT, List.of((long) outputs, (long) inputs));
      float[] bias =
          config.flag("bias", true)
              ? values(file, BIAS, List.of((long) outputs))
              : new float[outputs];
      return new DenseLayer(inputs, outputs, weight, bias, Activation.of(config));
    }
  }

  private static Path weights(Path directory) {
    Optional<Path> found =
        List.of("model.safetensors", "pytorch_model.bin").stream()
            .map(directory::resolve)
            .filter(Files::isRegularFile)
            .findFirst();
    return found.orElseThrow(
        () ->
            new UserError(
                directory + ": a Dense module without model.safetensors or pytorch_model.bin"));
  }

  private static float[] values(Checkpoint file, String name, List<Long> shape) {
    if (!file.names().contains(name) || !file.shape(name).equals(shape)) {
      throw new CorruptFile(
          file.path(),
          "expected %s %s, found %s"
              .formatted(
                  name, shape, file.names().contains(name) ? file.shape(name) : file.names()));
    }
    return Ops.floats(file.read(name, DType.F32));
  }

  int inputs() {
    return inputs;
  }

  int outputs() {
    return outputs;
  }

  /** Returns the output for a vector, {@code [outputs]}. */
  float[] apply(float... vector) {
    float[] result = bias.clone();
    for (int row = 0; row < outputs; row++) {
      float sum = 0;
      for (int i = 0; i < inputs; i++) {
        sum += weight[row * inputs + i] * vector[i];
      }
      result[row] = activation.of(result[row] + sum);
    }
    return result;
  }

  /**
   * Returns the outputs for vectors, through which gradients flow.
   *
   * @param vectors {@code [B, inputs]}
   * @return {@code [B, outputs]}
   */
  Tensor forward(Tensor vectors) {
    ScalarType type = vectors.scalar_type();
    Tensor w = Ops.tensor(weight, outputs, inputs).to(vectors.device(), type);
    Tensor b = Ops.tensor(bias, outputs).to(vectors.device(), type);
    return activation.of(Ops.linear(vectors, w, b));
  }
}
