"""Texts that hypothesis makes for the search tests."""

from hypothesis import strategies as st

_VIETNAMESE = "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵđĐÀẤỖ\u0300\u0301\u0302\u0309\u0323\u031b"
_SIGNS = " \t\n.,-+#&/'\"*|!():\\<>_“”…–\u200b\u00ad\x00\ud800"

# Any code point (lone surrogates too), with Vietnamese letters, combining marks and operators more often than chance would have it.
hostile_text = st.text(st.one_of(st.characters(), st.sampled_from(_VIETNAMESE), st.sampled_from(_SIGNS), st.sampled_from("abcjst0159e")))

written_text = st.lists(
    st.one_of(
        hostile_text,
        st.sampled_from(
            [
                "C++",
                "c#",
                ".NET",
                "ASP.NET",
                "Node.js",
                "node js",
                "CI/CD",
                "R&D",
                "front-end",
                "lập trình viên",
                "TP.HCM",
                "kế toán",
                "việc làm",
                "1e5a",
            ]
        ),
    )
).map(" ".join)
