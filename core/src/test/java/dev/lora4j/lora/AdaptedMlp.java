package dev.lora4j.lora;

import dev.lora4j.Mlp;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.layer.LoraLinear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.runtime.Engine;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A small network with a trained adapter, whose B is not zero. */
public final class AdaptedMlp implements AutoCloseable {
  public final Mlp net = new Mlp();
  public final LoraModel model;

  private AdaptedMlp(LoraConfig config) {
    model = Lora.adapt(net, config);
  }

  /** Returns a network with a new adapter, whose B is zero. */
  static AdaptedMlp fresh(LoraConfig config, long seed) {
    Engine.seed(seed);
    return new AdaptedMlp(config);
  }

  public static AdaptedMlp trained(LoraConfig config, long seed) {
    AdaptedMlp adapted = fresh(config, seed);
    adapted.learn(LoraLinear.DEFAULT);
    return adapted;
  }

  /** Adds another trained adapter. */
  public AdaptedMlp with(String name, LoraConfig config) {
    model.add(name, config);
    learn(name);
    return this;
  }

  private void learn(String name) {
    try (PointerScope scope = new PointerScope()) {
      for (Parameter parameter : model.parameters(name)) {
        parameter.copyFrom(torch.randn(parameter.shape()));
      }
    }
  }

  /** Returns the network's output for three fixed inputs. */
  public Tensor answer() {
    return model.forward(inputs());
  }

  /** Returns the output of another view of the network for the same inputs. */
  Tensor answerOf(Module network) {
    return network.forward(inputs());
  }

  /** Returns the output of an unadapted network with this base's weights. */
  Tensor answerOfTheBase() {
    try (Mlp base = new Mlp()) {
      Map<String, Tensor> state = new HashMap<>();
      net.stateDict()
          .forEach(
              (path, value) -> {
                String plain = path.replace(".pretrained", "");
                if (base.namedParameters().containsKey(plain)) {
                  state.put(plain, value);
                }
              });
      base.loadStateDict(state);
      return base.forward(inputs());
    }
  }

  private static Tensor inputs() {
    return torch.arange(new Scalar(3 * Mlp.IN)).to(ScalarType.Float).sin().view(3, Mlp.IN);
  }

  @Override
  public void close() {
    net.close();
  }
}
