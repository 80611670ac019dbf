package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.data.Batch;
import dev.lora4j.data.Dataset;
import dev.lora4j.data.TensorDataset;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.Optimizer;
import dev.lora4j.train.Sgd;
import dev.lora4j.train.Trainer;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.TrainingResult;
import dev.lora4j.train.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Parity of twenty training steps with PyTorch's optimizers; fixtures by tools/convnet_fixtures.py.
 */
public class ConvNetTrainingTest {
  private static final double TOLERANCE = 1e-5;
  private static final int BATCH = 4;

  private final PointerScope scope = new PointerScope();
  private final Fixture batch = Fixture.read("convnet/batch.safetensors");

  @AfterEach
  void close() {
    scope.close();
  }

  @ParameterizedTest(name = "{0}, {1} workers")
  @CsvSource({
    "sgd_base, 1", "sgd_base, 2", "sgd_lora, 1", "sgd_lora, 2",
    "adamw_base, 1", "adamw_base, 2", "adamw_lora, 1", "adamw_lora, 2"
  })
  void lossesAndParametersEqualPyTorchs(String name, int workers) {
    Fixture expected = Fixture.read("convnet/train_" + name + ".safetensors");
    try (ConvNet net = network(name.endsWith("lora"));
        Optimizer optimizer = optimizer(expected.metadata("optimizer"));
        Workers group = new Workers(workers)) {
      List<Double> losses = new ArrayList<>();

      Trainer.of(net, optimizer)
          .batchSize(BATCH)
          .cacheBytes(0)
          .callback(listening(losses))
          .fit(inPyTorchsOrder(batch), group);

      expected.check("losses", tensor(losses), TOLERANCE);
      Map<String, Parameter> trained =
          name.endsWith("lora") ? ConvNetAdapter.parameters(net) : net.namedParameters();
      assertThat(trained).hasSize(name.endsWith("lora") ? 6 : 12);
      trained.forEach(
          (path, parameter) -> expected.check("final." + path, parameter.value(), TOLERANCE));
    }
  }

  private static ConvNet network(boolean adapted) {
    ConvNet net = new ConvNet();
    net.loadStateDict(Fixture.read("convnet/base.safetensors").tensors(""));
    if (adapted) {
      Lora.adapt(net, LoraConfig.rank(4).alpha(4));
      ConvNetAdapter.copyInto(net, Fixture.read("convnet/lora.safetensors"));
    }
    return net;
  }

  public static Optimizer optimizer(JsonNode settings) {
    double lr = settings.get("lr").asDouble();
    if (settings.get("type").asText().equals("SGD")) {
      return new Sgd(lr, settings.get("momentum").asDouble());
    }
    return new AdamW(
        new AdamW.Settings(
            lr,
            settings.get("betas").get(0).asDouble(),
            settings.get("betas").get(1).asDouble(),
            settings.get("eps").asDouble(),
            settings.get("weight_decay").asDouble()));
  }

  public static TrainingCallback listening(List<Double> losses) {
    return new TrainingCallback() {
      @Override
      public void onStep(Step step) {
        losses.add(step.loss());
      }
    };
  }

  public static Tensor tensor(List<Double> values) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i).floatValue();
    }
    return Ops.tensor(floats, floats.length);
  }

  /** Eighty examples; the n-th request returns the n-th example that PyTorch drew. */
  public static Dataset inPyTorchsOrder(Fixture batch) {
    Tensor order = batch.tensor("order").flatten();
    return new Dataset() {
      @Override
      public long size() {
        return order.numel();
      }

      @Override
      public Batch gather(Tensor indices) {
        Tensor taken = order.narrow(0, 0, indices.numel());
        return new Batch(
            batch.tensor("input").index_select(0, taken),
            batch.tensor("labels").index_select(0, taken));
      }
    };
  }

  // // ---- beyond PyTorch ----

  @ParameterizedTest
  @CsvSource({"1, false", "2, false", "1, true", "2, true"})
  void sameSeedAndWorkerCountGiveTheSameResult(int workers, boolean adapted) {
    try (ConvNet one = network(adapted);
        ConvNet other = network(adapted)) {
      train(one, workers, 1 << 20);
      train(other, workers, 1 << 20);

      TensorAssert.assertSameState(other.stateDict(), one.stateDict());
    }
  }

  /** Computes everything before the adapted layers: two convolutions. */
  @Test
  void frozenConvolutionsAreComputedOnce() {
    try (ConvNet cached = network(true);
        ConvNet plain = network(true)) {
      assertThat(train(cached, 2, 1 << 20).cachedStages()).isEqualTo(2);
      assertThat(train(plain, 2, 0).cachedStages()).isZero();

      Map<String, Parameter> expected = ConvNetAdapter.parameters(plain);
      ConvNetAdapter.parameters(cached)
          .forEach(
              (path, parameter) ->
                  TensorAssert.assertThat(parameter.value())
                      .as(path)
                      .isCloseTo(value(expected, path), TOLERANCE));
    }
  }

  private static Tensor value(Map<String, Parameter> parameters, String path) {
    Parameter parameter = parameters.get(path);
    if (parameter == null) {
      throw new IllegalArgumentException(path);
    }
    return parameter.value();
  }

  private TrainingResult train(Module net, int workers, long cacheBytes) {
    try (TensorDataset data = TensorDataset.of(batch.tensor("input"), batch.tensor("labels"));
        AdamW adamW = new AdamW(1e-3);
        Workers group = new Workers(workers)) {
      return Trainer.of(net, adamW)
          .epochs(5)
          .batchSize(3)
          .seed(9)
          .cacheBytes(cacheBytes)
          .fit(data, group);
    }
  }
}
