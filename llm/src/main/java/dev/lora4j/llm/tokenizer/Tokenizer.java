package dev.lora4j.llm.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.Unreadable;
import dev.lora4j.llm.gguf.ModelFiles;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A Hugging Face tokenizer: {@code tokenizer.json} with {@code tokenizer_config.json}, {@code
 * special_tokens_map.json} and {@code generation_config.json}, or the tokenizer of a GGUF file. The
 * library is the one that Python uses. Thread-safe; holds native memory until it is closed.
 */
public final class Tokenizer implements AutoCloseable {
  private static final Map<String, String> WHOLE_TEXTS =
      Map.of("truncation", "false", "padding", "false");

  static {
    // keeps the library from downloading a CUDA build and from reporting its use
    setIfAbsent("RUST_FLAVOR", "cpu");
    setIfAbsent("OPT_OUT_TRACKING", "true");
  }

  private final HuggingFaceTokenizer tokenizer;
  private final SpecialTokens special;
  private final int vocabularySize;
  private final Vocabulary vocabulary;
  private boolean readTokenBytes; // guarded by this: they are read when they are needed
  private Optional<TokenBytes> tokenBytes = Optional.empty(); // guarded by this
  private Optional<TokenTrie> trie = Optional.empty(); // guarded by this

  private Tokenizer(HuggingFaceTokenizer tokenizer, SpecialTokens special, Vocabulary vocabulary) {
    this.tokenizer = tokenizer;
    this.special = special;
    this.vocabulary = vocabulary;
    vocabularySize = vocabulary.size();
  }

  private static void setIfAbsent(String property, String value) {
    if (System.getenv(property) == null && System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  /**
   * Loads the tokenizer of a model.
   *
   * @param model a directory, or a GGUF file with a tokenizer
   * @throws UserError if {@code tokenizer.json} is missing or the GGUF file's tokenizer is not
   *     supported
   * @throws CorruptFile if a file is malformed
   */
  public static Tokenizer load(Path model) {
    return load(ModelFiles.at(model));
  }

  /** Opens the tokenizer of a model whose files were found before; see {@link #load(Path)}. */
  public static Tokenizer load(ModelFiles files) {
    Path file = files.path().resolve("tokenizer.json");
    byte[] content =
        files
            .read("tokenizer.json")
            .orElseThrow(
                () ->
                    new UserError(
                        "no tokenizer.json in "
                            + files.path()
                            + "; download the model's own, or let transformers write it: "
                            + "AutoTokenizer.from_pretrained(…).save_pretrained(…)"));
    Vocabulary vocabulary = Vocabulary.parse(file, content);
    vocabulary.checkParts();
    SpecialTokens special = SpecialTokens.read(files, vocabulary);
    return new Tokenizer(open(file, content), special, vocabulary);
  }

  private static HuggingFaceTokenizer open(Path file, byte[] content) {
    try (InputStream in = new ByteArrayInputStream(content)) {
      return HuggingFaceTokenizer.newInstance(in, WHOLE_TEXTS);
    } catch (IOException e) {
      throw Unreadable.because(file, e);
    } catch (RuntimeException e) {
      throw new CorruptFile(file, "not a tokenizer: " + e.getMessage(), e);
    }
  }

  private Encoding encoding(String text, boolean specialTokens) {
    try {
      return tokenizer.encode(text, specialTokens, false);
    } catch (RuntimeException e) {
      throw cannotEncode(e);
    }
  }

  /** Encodes a text with the special tokens that the model expects, such as bos. */
  public int[] encode(String text) {
    return ints(encoding(text, true).getIds());
  }

  /**
   * Encodes a text without adding special tokens. Special tokens written in the text are
   * recognised.
   */
  public int[] encodePlain(String text) {
    return ints(encoding(text, false).getIds());
  }

  /** Encodes a text with the special tokens that the model expects, and marks these. */
  public EncodedText encodeText(String text) {
    return encoded(encoding(text, true));
  }

  /** Encodes a pair of texts with the special tokens around them, and marks these. */
  public EncodedText encodePair(String first, String second) {
    try {
      return encoded(tokenizer.encode(first, second, true, false));
    } catch (RuntimeException e) {
      throw cannotEncode(e);
    }
  }

  private static EncodedText encoded(Encoding encoding) {
    long[] added = encoding.getSpecialTokenMask();
    boolean[] marks = new boolean[added.length];
    for (int i = 0; i < marks.length; i++) {
      marks[i] = added[i] != 0;
    }
    return new EncodedText(ints(encoding.getIds()), ints(encoding.getTypeIds()), marks);
  }

  private static UserError cannotEncode(RuntimeException e) {
    return new UserError("the tokenizer cannot encode a text: " + e.getMessage(), e);
  }

  /** Encodes a text and returns the chars of each token. */
  public List<TokenSpan> spans(String text, SpecialTokenUse use) {
    Encoding encoding = encoding(text, use == SpecialTokenUse.ADDED);
    CodePoints codePoints = new CodePoints(text);
    long[] ids = encoding.getIds();
    CharSpan[] spans = encoding.getCharTokenSpans();
    List<TokenSpan> tokens = new ArrayList<>(ids.length);
    for (int i = 0; i < ids.length; i++) {
      CharSpan span = spans[i];
      int begin = span == null ? 0 : codePoints.charIndex(span.getStart());
      int end = span == null ? 0 : codePoints.charIndex(span.getEnd());
      tokens.add(new TokenSpan(Math.toIntExact(ids[i]), begin, end));
    }
    return tokens;
  }

  /** Decodes ids, special tokens included. */
  public String decode(int... ids) {
    return tokenizer.decode(longs(ids), false);
  }

  /** Decodes ids without special tokens. */
  public String decodeSkippingSpecial(int... ids) {
    return tokenizer.decode(longs(ids), true);
  }

  /** A streaming detokenizer. */
  public TextStream stream() {
    return new TextStream(this);
  }

  /** The special tokens. */
  public SpecialTokens special() {
    return special;
  }

  /** Vocabulary size: the greatest id plus one. */
  public int vocabularySize() {
    return vocabularySize;
  }

  /**
   * Returns the bytes of each token.
   *
   * @throws UserError if tokens are not pieces of a text's bytes, as in WordPiece
   */
  public TokenBytes tokenBytes() {
    return pieces()
        .orElseThrow(
            () ->
                new UserError(
                    "constrained decoding needs a byte-level or SentencePiece tokenizer;"
                        + " this one has another decoder"));
  }

  private synchronized Optional<TokenBytes> pieces() {
    if (!readTokenBytes) {
      tokenBytes = vocabulary.tokenBytes();
      readTokenBytes = true;
    }
    return tokenBytes;
  }

  /**
   * Returns the bytes of a token in a text, which may be a part of a character. Those of an added
   * token are its own text, and so are those of every token if tokens are not pieces of a text's
   * bytes.
   */
  public byte[] bytesOf(int id) {
    byte[] bytes =
        pieces().filter(all -> id < all.size()).map(all -> all.of(id)).orElse(new byte[0]);
    return bytes.length > 0 ? bytes : decode(id).getBytes(StandardCharsets.UTF_8);
  }

  /** Returns the trie of the vocabulary, which is built once; see {@link #tokenBytes}. */
  public synchronized TokenTrie trie() {
    TokenTrie built = trie.orElseGet(() -> TokenTrie.of(tokenBytes()));
    trie = Optional.of(built);
    return built;
  }

  /** Returns the id of an added token, such as a special token; empty if there is none. */
  public OptionalInt addedToken(String text) {
    int[] ids = encodePlain(text);
    boolean added =
        ids.length == 1
            && decode(ids).equals(text)
            && pieces().map(bytes -> bytes.of(ids[0]).length == 0).orElse(false);
    return added ? OptionalInt.of(ids[0]) : OptionalInt.empty();
  }

  private static int[] ints(long[] ids) {
    int[] out = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      out[i] = Math.toIntExact(ids[i]);
    }
    return out;
  }

  private static long[] longs(int[] ids) {
    long[] out = new long[ids.length];
    for (int i = 0; i < ids.length; i++) {
      out[i] = ids[i];
    }
    return out;
  }

  /** Frees the native memory. */
  @Override
  public void close() {
    tokenizer.close();
  }
}
