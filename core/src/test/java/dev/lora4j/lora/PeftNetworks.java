package dev.lora4j.lora;

import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.LayerNorm;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.conv.Conv1d;
import dev.lora4j.nn.conv.Conv2d;
import dev.lora4j.nn.conv.Conv3d;
import dev.lora4j.nn.conv.ConvOptions;
import dev.lora4j.nn.kernel.Ops;
import java.util.OptionalLong;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongArrayRefOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** The networks of tools/networks.py, name for name. */
public final class PeftNetworks {
  private PeftNetworks() {}

  public static Module named(String name) {
    return switch (name) {
      case "mlp" -> new Mlp();
      case "convs" -> new Convs();
      case "embedding" -> new EmbeddingClassifier();
      case "gpt2block" -> new Gpt2Block();
      case "moe" -> new Moe();
      default -> throw new IllegalArgumentException(name);
    };
  }

  private static final class Block extends Module {
    private final Slot fc;

    Block(long in, long out) {
      fc = child("fc", new Linear(in, out));
    }

    @Override
    public Tensor forward(Tensor x) {
      return Ops.relu(fc.forward(x));
    }
  }

  private static final class Body extends Module {
    private final Slot layers = child("layers", new Sequential(new Block(8, 16), new Block(16, 8)));

    @Override
    public Tensor forward(Tensor x) {
      return layers.forward(x);
    }
  }

  private static final class Mlp extends Module {
    private final Slot body = child("body", new Body());
    private final Slot head = child("head", new Linear(8, 4));

    @Override
    public Tensor forward(Tensor x) {
      return head.forward(body.forward(x));
    }
  }

  private static final class Convs extends Module {
    private final Slot image =
        child("image", new Conv2d(4, 6, ConvOptions.kernel(3).withStride(2).withPadding(1)));
    private final Slot point =
        child("point", new Conv2d(6, 6, ConvOptions.kernel(1).withoutBias()));
    private final Slot grouped =
        child("grouped", new Conv2d(6, 6, ConvOptions.kernel(3).withPadding(1).withGroups(2)));
    private final Slot volume =
        child(
            "volume",
            new Conv3d(2, 4, ConvOptions.kernel(3, 2, 2).withStride(1, 2, 2).withPadding(1, 0, 0)));
    private final Slot line =
        child("line", new Conv1d(4, 6, ConvOptions.kernel(3).withStride(2).withPadding(1)));
    private final Slot head = child("head", new Linear(6, 3));

    @Override
    public Tensor forward(Tensor input) {
      Tensor x = Ops.relu(image.forward(input));
      x = Ops.relu(grouped.forward(point.forward(x)));
      x = Ops.relu(volume.forward(x.reshape(-1, 2, 3, 4, 4)));
      x = Ops.relu(line.forward(x.flatten(2, -1)));
      return head.forward(x.mean(new long[] {-1}, false, new ScalarTypeOptional()));
    }
  }

  private static final class EmbeddingClassifier extends Module {
    private final Slot embed = child("embed", new Embedding(12, 6, OptionalLong.of(0)));
    private final Slot fc = child("fc", new Linear(6, 8));
    private final Slot head = child("head", new Linear(8, 3));

    @Override
    public Tensor forward(Tensor indices) {
      Tensor x = embed.forward(indices).mean(new long[] {1}, false, new ScalarTypeOptional());
      return head.forward(Ops.relu(fc.forward(x)));
    }
  }

  private static final class Attention extends Module {
    private final Slot cAttn = child("c_attn", new TransposedLinear(8, 24));
    private final Slot cProj = child("c_proj", new TransposedLinear(8, 8));

    @Override
    public Tensor forward(Tensor x) {
      TensorVector qkv = cAttn.forward(x).chunk(3, -1);
      Tensor y =
          torch.scaled_dot_product_attention(
              heads(qkv.get(0)),
              heads(qkv.get(1)),
              heads(qkv.get(2)),
              new TensorOptional(),
              0,
              true,
              new DoubleOptional(),
              false);
      return cProj.forward(y.transpose(1, 2).flatten(2, -1));
    }

    private static Tensor heads(Tensor x) {
      return x.reshape(x.size(0), x.size(1), 2, 4).transpose(1, 2);
    }
  }

  private static final class Feed extends Module {
    private final Slot cFc = child("c_fc", new TransposedLinear(8, 16));
    private final Slot cProj = child("c_proj", new TransposedLinear(16, 8));

    @Override
    public Tensor forward(Tensor x) {
      return cProj.forward(torch.gelu(cFc.forward(x), "tanh"));
    }
  }

  private static final class GptLayer extends Module {
    private final Slot ln1 = child("ln_1", new LayerNorm(8));
    private final Slot attn = child("attn", new Attention());
    private final Slot ln2 = child("ln_2", new LayerNorm(8));
    private final Slot mlp = child("mlp", new Feed());

    @Override
    public Tensor forward(Tensor input) {
      Tensor x = input.add(attn.forward(ln1.forward(input)));
      return x.add(mlp.forward(ln2.forward(x)));
    }
  }

  private static final class Transformer extends Module {
    private final Slot h = child("h", new Sequential(new GptLayer(), new GptLayer()));

    @Override
    public Tensor forward(Tensor x) {
      return h.forward(x);
    }
  }

  private static final class Gpt2Block extends Module {
    private final Slot transformer = child("transformer", new Transformer());
    private final Slot head = child("lm_head", Linear.withoutBias(8, 5));

    @Override
    public Tensor forward(Tensor x) {
      return head.forward(transformer.forward(x));
    }
  }

  private static final class Experts extends Module {
    private final boolean transposed;
    private final Parameter up;
    private final Parameter down;

    Experts(boolean transposed, long in, long hidden, long out) {
      this.transposed = transposed;
      up = parameter("up", torch.randn(3, in, hidden));
      down = parameter("down", torch.randn(3, hidden, out));
    }

    @Override
    public boolean keepsParametersTransposed() {
      return transposed;
    }

    @Override
    public Tensor forward(Tensor x) {
      throw new UnsupportedOperationException("takes shares too");
    }

    Tensor forward(Tensor x, Tensor share) {
      Tensor y = torch.relu(einsum("bi,eih->beh", x, up.tensor()));
      return einsum("beh,eho,be->bo", y, down.tensor(), share);
    }

    private static Tensor einsum(String equation, Tensor... operands) {
      return torch.einsum(
          new BytePointer(equation), new TensorVector(operands), new LongArrayRefOptional());
    }
  }

  private static final class Mixer extends Module {
    private final Parameter kernel = parameter("kernel", torch.randn(4, 6));

    @Override
    public Tensor forward(Tensor x) {
      return Ops.linear(x, kernel.tensor(), null);
    }
  }

  private static final class Moe extends Module {
    private final Slot router = child("router", Linear.withoutBias(6, 3));
    private final Experts first = new Experts(false, 6, 5, 4);
    private final Experts second = new Experts(true, 4, 5, 6);
    private final Slot mixer;
    private final Slot head;

    Moe() {
      child("first", first);
      child("second", second);
      mixer = child("mixer", new Mixer());
      head = child("head", new Linear(4, 3));
    }

    @Override
    public Tensor forward(Tensor x) {
      Tensor share = router.forward(x).softmax(-1);
      return head.forward(mixer.forward(second.forward(first.forward(x, share), share)));
    }
  }
}
