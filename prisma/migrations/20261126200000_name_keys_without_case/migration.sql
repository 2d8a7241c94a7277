-- Names are found without case as src/users/name.ts says since then: a final sigma is a sigma, ß is ss, an i is one with and without a
-- dot, and an iota below a letter follows it. What lower case alone had made of names is brought into that form.
UPDATE "users" SET "name_key" = left(
  normalize(
    replace(
      normalize(
        replace(replace(translate("name_key", 'ςıᲀᲁᲂᲃᲄᲅᲆᲇᲈ', 'σiвдосттъѣꙋ'), 'ß', 'ss'), U&'i\0307', 'i'),
        NFD),
      U&'\0345', 'ι'),
    NFKC),
  200)
WHERE "name_key" ~ U&'[ςıᲀᲁᲂᲃᲄᲅᲆᲇᲈß\0307\0345ᾀᾁᾂᾃᾄᾅᾆᾇᾐᾑᾒᾓᾔᾕᾖᾗᾠᾡᾢᾣᾤᾥᾦᾧᾲᾳᾴᾷῂῃῄῇῲῳῴῷ]';
