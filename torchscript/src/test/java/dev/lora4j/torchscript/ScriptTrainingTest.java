package dev.lora4j.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.data.Batch;
import dev.lora4j.data.Dataset;
import dev.lora4j.data.TensorDataset;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Summary;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.Accuracy;
import dev.lora4j.train.Optimizer;
import dev.lora4j.train.Sgd;
import dev.lora4j.train.Trainer;
import dev.lora4j.train.Workers;
import dev.lora4j.vision.ConvNet;
import dev.lora4j.vision.ConvNetAdapter;
import dev.lora4j.vision.ConvNetTrainingTest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Parity of training a ConvNet from a TorchScript file with PyTorch and with the ConvNet in Java;
 * fixtures by tools/convnet_fixtures.py and tools/script_fixtures.py.
 */
class ScriptTrainingTest {
  private static final double TOLERANCE = 1e-5;
  private static final int BATCH = 4;

  private final PointerScope scope = new PointerScope();
  private final Fixture batch = Fixture.read("convnet/batch.safetensors");

  @AfterEach
  void close() {
    scope.close();
  }

  private static Module script(String how) {
    return adapted(TorchScriptModel.load(Fixture.path("script/convnet." + how + ".pt")));
  }

  private static Module java() {
    ConvNet net = new ConvNet();
    net.loadStateDict(Fixture.read("convnet/base.safetensors").tensors(""));
    return adapted(net);
  }

  private static Module adapted(Module net) {
    Lora.adapt(net, LoraConfig.rank(4).alpha(4));
    ConvNetAdapter.copyInto(net, Fixture.read("convnet/lora.safetensors"));
    return net;
  }

  @ParameterizedTest(name = "{0}, {1} workers, {2}")
  @CsvSource({
    "scripted, 1, sgd_lora",
    "scripted, 2, sgd_lora",
    "traced, 2, sgd_lora",
    "scripted, 2, adamw_lora",
    "traced, 1, adamw_lora"
  })
  void twentyStepsEqualPyTorchsAndJavas(String how, int workers, String run) {
    Fixture expected = Fixture.read("convnet/train_" + run + ".safetensors");
    try (Module script = script(how);
        Module java = java();
        Workers group = new Workers(workers)) {
      List<Double> losses = train(script, expected, group);
      List<Double> ofJava = train(java, expected, group);

      expected.check("losses", ConvNetTrainingTest.tensor(losses), TOLERANCE);
      Map<String, Parameter> trained = ConvNetAdapter.parameters(script);
      assertThat(trained).hasSize(6);
      trained.forEach(
          (path, parameter) -> expected.check("final." + path, parameter.value(), TOLERANCE));
      for (int i = 0; i < losses.size(); i++) {
        assertThat(losses.get(i)).as("step " + i).isCloseTo(ofJava.get(i), within(TOLERANCE));
      }
    }
  }

  private List<Double> train(Module net, Fixture expected, Workers group) {
    List<Double> losses = new ArrayList<>();
    try (Optimizer optimizer = ConvNetTrainingTest.optimizer(expected.metadata("optimizer"))) {
      Trainer.of(net, optimizer)
          .batchSize(BATCH)
          .cacheBytes(0)
          .callback(ConvNetTrainingTest.listening(losses))
          .fit(ConvNetTrainingTest.inPyTorchsOrder(batch), group);
    }
    return losses;
  }

  @ParameterizedTest
  @CsvSource({"1, scripted", "2, scripted", "2, traced", "3, traced"})
  void sameWorkerCountGivesTheSameResult(int workers, String how) {
    try (Module one = script(how);
        Module other = script(how);
        Workers group = new Workers(workers)) {
      trainOnce(one, group);
      trainOnce(other, group);

      TensorAssert.assertSameState(other.stateDict(), one.stateDict());
    }
  }

  private void trainOnce(Module net, Workers group) {
    try (TensorDataset data = data();
        Sgd sgd = new Sgd(1e-2, 0.9)) {
      Trainer.of(net, sgd).epochs(4).batchSize(3).seed(3).fit(data, group);
    }
  }

  private TensorDataset data() {
    return TensorDataset.of(batch.tensor("input"), batch.tensor("labels"));
  }

  /** Weights cached during evaluation must not outlive a training step. */
  @Test
  void evaluationBetweenTrainingsSeesTheTrainedWeights() {
    List<String> names = IntStream.range(0, 10).mapToObj(Integer::toString).toList();
    try (Module script = script("scripted");
        Module java = java();
        TensorDataset data = data();
        Workers group = new Workers(2)) {
      for (int i = 0; i < 3; i++) {
        assertThat(Accuracy.of(script, data, names, group).classes())
            .isEqualTo(Accuracy.of(java, data, names, group).classes());
        assertThat(loss(script, data)).isCloseTo(loss(java, data), within(TOLERANCE));
        trainOnce(script, group);
        trainOnce(java, group);
      }
    }
  }

  private static double loss(Module net, Dataset data) {
    try (NoGradGuard guard = new NoGradGuard()) {
      Tensor all = Ops.tensor(new long[] {0, 1, 2, 3, 4, 5, 6, 7});
      Batch examples = data.gather(all);
      return Ops.crossEntropySum(net.forward(examples.inputs()), examples.targets()).item_float()
          / 8;
    }
  }

  @Test
  void listingEqualsThatOfTheJavaNetwork() {
    try (Module script = script("scripted");
        Module java = java()) {
      assertThat(Summary.of(script).text()).isEqualTo(Summary.of(java).text());
    }
  }
}
