/** OLMo 2: a Llama with the norms after the branches, and norms of queries and keys. */
@NullMarked
package dev.lora4j.llm.model.olmo;

import org.jspecify.annotations.NullMarked;
