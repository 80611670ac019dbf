package dev.lora4j.models.script;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.nn.Engine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A network from a TorchScript file, scripted or traced: a module like any other, with the parts
 * and parameters of the Python model under their paths.
 *
 * <pre>{@code
 * try (TorchScriptModel net = TorchScriptModel.load(Path.of("net.pt"))) {
 *   LoraModel adapted = Lora.adapt(net, LoraConfig.rank(8).targets(Targets.named("fc1", "fc2")));
 *   …
 *   adapted.merge();
 *   net.save(Path.of("merged.pt"));
 * }
 * }</pre>
 *
 * <p>The program of the file runs, and nobody's Java: an adapted layer takes part as the one weight
 * {@code W + (alpha / r) B A}, which is put in W's place before a forward. So the layer's own code
 * may be anything, and dropout of an adapter's input is not possible in training.
 *
 * <p>It always runs in evaluation mode, whatever {@link #train} says, which holds for adapters
 * alone: batch normalisation uses and keeps its statistics, dropout does nothing. An adapter would
 * not carry changed statistics, and the base must stay as it is.
 *
 * <p>Many threads may call it at once; the parameters are shared.
 */
public final class TorchScriptModel extends ScriptNode {
  private final JitModule script;
  private final ScriptReader reader;
  private final Queue<Twin> twins = new ConcurrentLinkedQueue<>();

  private TorchScriptModel(JitModule script, ScriptReader reader) {
    super(script, "", reader);
    this.script = script;
    this.reader = reader;
    script.retainReference();
  }

  /**
   * Loads a file that {@code torch.jit.save} wrote, to the CPU. A TorchScript file is a program:
   * load only what comes from somebody you trust.
   *
   * @throws UserError if it is another kind of file, or holds no parameters; says what to do
   * @throws CorruptFile if it is damaged
   */
  public static TorchScriptModel load(Path path) {
    ScriptFile.check(path);
    Engine.start();
    try (PointerScope scope = new PointerScope()) {
      JitModule script = read(path);
      script.eval();
      TorchScriptModel model = new TorchScriptModel(script, new ScriptReader());
      if (model.namedParameters().isEmpty()) {
        model.close();
        throw new UserError(
            path
                + " has no parameters: it was frozen (torch.jit.freeze or optimize_for_inference) or"
                + " quantised, so its weights are part of the program; save the module before that");
      }
      return model;
    }
  }

  /**
   * Whether a file is to be read as a TorchScript module: its name ends in {@code .pt}, or its
   * archive holds one. Nothing is loaded; {@link #load} may yet refuse it, with the reason.
   */
  public static boolean isAt(Path path) {
    if (path.toString().endsWith(".pt")) {
      return true;
    }
    try {
      ScriptFile.check(path);
      return true;
    } catch (UserError | CorruptFile e) {
      return false;
    }
  }

  private static JitModule read(Path path) {
    try {
      return torch.load(path.toString(), new DeviceOptional(new Device("cpu")), true);
    } catch (RuntimeException e) {
      throw new CorruptFile(path, "libtorch can't load it: " + NativeError.oneLine(e), e);
    }
  }

  /**
   * Runs the program with one tensor.
   *
   * @param input of the shape that the model wants
   * @return what it gives
   * @throws UserError if it can't take the input, or gives no tensor
   */
  @Override
  public Tensor forward(Tensor input) {
    return answer(ScriptValue.of(input)).tensor();
  }

  /**
   * Runs the program with the arguments of its {@code forward}.
   *
   * @return what it gives, whose tensors belong to the caller's scope
   * @throws UserError if it can't take them
   */
  public ScriptValue answer(ScriptValue... inputs) {
    Twin twin = twins.poll();
    if (twin == null) {
      twin = Twin.of(script, reader.places());
    }
    try {
      IValue answer = run(twin, inputs);
      return ScriptValues.unbox(answer);
    } finally {
      twins.add(twin);
    }
  }

  private static IValue run(Twin twin, ScriptValue... inputs) {
    try {
      return twin.forward(ScriptValues.box(inputs));
    } catch (UserError e) {
      throw e;
    } catch (RuntimeException e) {
      throw new UserError(
          "the script can't take %s: %s".formatted(described(inputs), NativeError.oneLine(e)), e);
    }
  }

  private static String described(ScriptValue... inputs) {
    return String.join(", ", List.of(inputs).stream().map(ScriptValue::describe).toList());
  }

  /**
   * Writes the program with the base's weights as they are now: those that merged adapters changed,
   * where adapters are merged. Python reads it with {@code torch.jit.load}. Extra files that the
   * loaded archive may have had are left out.
   *
   * @throws UserError if the disk refuses
   */
  public void save(Path path) {
    AtomicFile.writeByName(
        path,
        temporary -> {
          try {
            script.save(temporary.toString());
          } catch (RuntimeException e) {
            throw new IOException(NativeError.oneLine(e), e);
          }
        });
  }

  /** Moves parameters, statistics and everything else of the script to a device. */
  @Override
  public void to(Device device) {
    script.to(device);
    super.to(device);
  }

  @Override
  public void close() {
    reader.adapted().forEach(AdaptedPlace::close);
    twins.forEach(Twin::close);
    twins.clear();
    super.close();
    script.releaseReference();
  }
}
