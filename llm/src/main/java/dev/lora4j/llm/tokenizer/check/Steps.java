package dev.lora4j.llm.tokenizer.check;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The components that the native library knows, with the types of their fields. */
enum Steps {
  NORMALIZER(
      """
      NFC
      NFD
      NFKC
      NFKD
      Nmt
      Lowercase
      StripAccents
      ByteLevel
      Prepend prepend=word
      Strip strip_left=flag strip_right=flag
      Replace pattern=pattern content=text
      BertNormalizer clean_text=flag handle_chinese_chars=flag strip_accents=flag? lowercase=flag
      Precompiled precompiled_charsmap=charsmap
      Sequence normalizers=steps
      """),
  PRE_TOKENIZER(
      """
      ByteLevel add_prefix_space=flag? trim_offsets=flag? use_regex=flag?
      BertPreTokenizer
      Whitespace
      WhitespaceSplit
      UnicodeScripts
      Metaspace replacement=char prepend_scheme=text? split=flag? add_prefix_space=flag? str_rep=text?
      CharDelimiterSplit delimiter=char
      Digits individual_digits=flag
      Punctuation behavior=text?
      Split pattern=pattern behavior=text invert=flag
      FixedLength length=size
      Sequence pretokenizers=steps
      """),
  POST_PROCESSOR(
      """
      ByteLevel add_prefix_space=flag? trim_offsets=flag? use_regex=flag?
      BertProcessing sep=token cls=token
      RobertaProcessing sep=token cls=token trim_offsets=flag? add_prefix_space=flag?
      TemplateProcessing single=pieces pair=pieces special_tokens=specials
      Sequence processors=steps
      """),
  DECODER(
      """
      ByteLevel add_prefix_space=flag? trim_offsets=flag? use_regex=flag?
      ByteFallback
      Fuse
      Metaspace replacement=char prepend_scheme=text? split=flag? add_prefix_space=flag? str_rep=text?
      WordPiece prefix=text cleanup=flag
      BPEDecoder suffix=text
      CTC pad_token=text word_delimiter_token=text cleanup=flag
      Strip content=char start=number stop=number
      Replace pattern=pattern content=text
      Sequence decoders=steps
      """);

  @SuppressWarnings("ImmutableEnumChecker") // made by Collectors.toUnmodifiableMap
  private final Map<String, Map<String, String>> types;

  Steps(String table) {
    types =
        table
            .lines()
            .map(line -> line.split(" "))
            .collect(
                Collectors.toUnmodifiableMap(
                    (String[] words) -> words[0],
                    words ->
                        Arrays.stream(words)
                            .skip(1)
                            .map(word -> word.split("="))
                            .collect(Collectors.toUnmodifiableMap(f -> f[0], f -> f[1]))));
  }

  /**
   * Returns the name of each component → its fields → their types; {@code ?} marks optional ones.
   */
  Map<String, Map<String, String>> types() {
    return types;
  }

  /** Returns the key of these components in a {@code tokenizer.json}. */
  String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the components by key. */
  static Map<String, Steps> byKey() {
    return Arrays.stream(values()).collect(Collectors.toMap(Steps::key, Function.identity()));
  }
}
